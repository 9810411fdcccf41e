import Telemetry
import Testing

@testable import AMQP

/// A channel's owner that notes what it is told.
final class RecordingHandler: ChannelHandler {
    let ends = Lock<[AMQPError.Code]>([])
    let flows = Lock<[Bool]>([])
    func received(_ method: InboundMethod) {
        if case .channelFlow(let active) = method { flows.withLock { $0.append(active) } }
    }
    func returned(_ content: ContentAssembler.Content) {}
    func blocked(_ isBlocked: Bool) {}
    func endOfBatch(_ deliveries: inout [ContentAssembler.Content], now: UInt64) -> UInt64 { .max }
    func closed(_ error: AMQPError, withLink: Bool) { ends.withLock { $0.append(error.code) } }
}

@Suite struct ChannelTableTests {
    private let numbers = ChannelNumberPool()
    private let handler = RecordingHandler()

    /// Asks for something that is due at 100 and looks at 101, when the broker has not answered.
    ///
    /// - Returns: what the owner was told, the channels to close, and when to look again.
    private func overdue(
        _ method: OutboundMethod, isClosing: Bool
    ) async throws -> (error: AMQPError, closed: [UInt16], nextTimer: UInt64) {
        var table = ChannelTable(bodyByteCountMax: 100, numbers: numbers)
        _ = numbers.take(max: 10)
        table.perform(.attach(channel: 1, handler, ChannelFate()))
        var closed: [UInt16] = []
        var thrown: AMQPError?
        do {
            _ = try await withCheckedThrowingContinuation { continuation in
                if isClosing { table.perform(.closing(channel: 1)) }
                table.perform(
                    .expect(channel: 1, PendingCall(method: method, deadline: 100, continuation: continuation)))
                #expect(table.nextTimer == 100)
                closed = table.expireCalls(101)
                table.endBatch(now: 101)
            }
        } catch let error as AMQPError {
            thrown = error
        }
        return (try #require(thrown), closed, table.nextTimer)
    }

    @Test func aRequestWithoutAnAnswerCostsItsChannel() async throws {
        let (error, closed, nextTimer) = try await overdue(.confirmSelect, isClosing: false)
        #expect(error.code == .timedOut)
        #expect(closed == [1])
        #expect(handler.ends.withLock { $0 } == [.timedOut])
        #expect(nextTimer == .max)
    }

    /// Else its time would be over for ever, and the loop would look at nothing else.
    @Test func aCloseWithoutAnAnswerIsGivenUpAndKeepsItsNumber() async throws {
        let (error, closed, nextTimer) = try await overdue(.channelClose(code: 200, text: ""), isClosing: true)
        #expect(error.code == .timedOut)
        #expect(closed.isEmpty)
        #expect(nextTimer == .max)
        #expect(numbers.take(max: 10) == 2, "the broker still knows the channel")
    }

    /// Ours and the broker's close cross: each is answered.
    @Test func closesThatCrossKeepTheNumberUntilBothAreAnswered() throws {
        let mailbox = try Mailbox(frameByteCountMax: 4096)
        var table = ChannelTable(bodyByteCountMax: 100, numbers: numbers)
        let fate = ChannelFate()
        #expect(numbers.take(max: 10) == 1)
        table.perform(.attach(channel: 1, handler, fate))
        table.perform(.closing(channel: 1))
        try table.handle(.channelClose(code: 406, text: "unknown delivery tag"), on: 1, mailbox)
        #expect(fate.isSealed)
        #expect(handler.ends.withLock { $0.count } == 1)
        #expect(numbers.take(max: 10) == 2)
        try table.handle(.channelCloseOK, on: 1, mailbox)
        #expect(numbers.take(max: 10) == 1)
        #expect(handler.ends.withLock { $0.count } == 1)
    }

    /// Ours was posted, and not yet seen, when the broker's came.
    @Test func aCloseInTheMailboxCrossesTheBrokersToo() async throws {
        let mailbox = try Mailbox(frameByteCountMax: 4096)
        var table = ChannelTable(bodyByteCountMax: 100, numbers: numbers)
        #expect(numbers.take(max: 10) == 1)
        table.perform(.attach(channel: 1, handler, ChannelFate()))
        let close = OutboundMethod.channelClose(code: 200, text: "")
        let answer = try await withCheckedThrowingContinuation { continuation in
            do {
                try mailbox.post(.closing(channel: 1))
                let call = PendingCall(method: close, deadline: .max, continuation: continuation)
                try mailbox.post(.expect(channel: 1, call))
                try table.handle(.channelClose(code: 404, text: "no queue"), on: 1, mailbox)
                for command in mailbox.takeCommands() { table.perform(command) }
                #expect(numbers.take(max: 10) == 2, "the broker's answer to ours is still to come")
                try table.handle(.channelCloseOK, on: 1, mailbox)
            } catch {
                Issue.record(error)
            }
            // Whoever waits still would wait for ever.
            table.endAll(AMQPError(.closed, "nothing was heard"))
        }
        #expect(answer == .channelCloseOK)
        #expect(numbers.take(max: 10) == 1)
        #expect(handler.ends.withLock { $0 } == [.notFound])
    }

    /// A late answer to the one that is overdue would be taken for its own.
    @Test func aChannelThatWasGivenUpTakesNoFurtherRequest() async throws {
        var table = ChannelTable(bodyByteCountMax: 100, numbers: numbers)
        table.perform(.attach(channel: 1, handler, ChannelFate()))
        await #expect(throws: AMQPError.self) {
            _ = try await withCheckedThrowingContinuation { continuation in
                table.perform(
                    .expect(channel: 1, PendingCall(method: .confirmSelect, deadline: 100, continuation: continuation)))
                #expect(table.expireCalls(101) == [1])
            }
        }
        let error = await #expect(throws: AMQPError.self) {
            _ = try await withCheckedThrowingContinuation { continuation in
                let late = PendingCall(method: .queuePurge(name: "q"), deadline: .max, continuation: continuation)
                table.perform(.expect(channel: 1, late))
                table.answer(.confirmSelectOK, on: 1)
            }
        }
        #expect(error?.code == .channelClosed)
    }

    @Test(.timeLimit(.minutes(1))) func nothingGoesOutBehindOurOwnClose() async throws {
        let mailbox = try Mailbox(frameByteCountMax: 4096)
        let channel = Channel(number: 1, link: link(mailbox))
        let closing = Task { await channel.close() }
        while !channel.fate.isSealed, !Task.isCancelled { await Task.yield() }
        #expect(Self.hasWritten(mailbox))
        let error = await #expect(throws: AMQPError.self) { try await channel.call(.queuePurge(name: "q")) }
        #expect(error?.code == .channelClosed && !Self.hasWritten(mailbox))
        var table = ChannelTable(bodyByteCountMax: 100, numbers: numbers)
        for command in mailbox.close(AMQPError(.closed, "over")) { table.refuse(command, AMQPError(.closed, "over")) }
        table.endAll(AMQPError(.closed, "over"))
        await closing.value
    }

    /// One that came later may wait less long, as an end does.
    @Test func aRequestIsOverdueBehindOneThatIsNot() async throws {
        var table = ChannelTable(bodyByteCountMax: 100, numbers: numbers)
        table.perform(.attach(channel: 1, handler, ChannelFate()))
        let requests = Requests()
        for deadline in [UInt64.max - 1, 100] {
            let (_, continuation) = try await requests.begin()
            let call = PendingCall(method: .confirmSelect, deadline: deadline, continuation: continuation)
            table.perform(.expect(channel: 1, call))
        }
        table.endBatch(now: 101)
        #expect(table.nextTimer == 100 && table.hasOverdueCall(101))
        #expect(table.expireCalls(101) == [1])
        #expect(try await requests.allEnded() == [nil, nil])
    }

    /// RabbitMQ has not asked for it since 2.x; other brokers may.
    @Test func aFlowIsAnsweredAndPassedOn() throws {
        let mailbox = try Mailbox(frameByteCountMax: 4096)
        var table = ChannelTable(bodyByteCountMax: 100, numbers: numbers)
        table.perform(.attach(channel: 1, handler, ChannelFate()))
        try table.handle(.channelFlow(active: false), on: 1, mailbox)
        #expect(Self.hasWritten(mailbox))
        #expect(handler.flows.withLock { $0 } == [false])
    }

    @Test func aChannelThatTheBrokerClosedIsWrittenOnNoMore() async throws {
        let mailbox = try Mailbox(frameByteCountMax: 4096)
        var table = ChannelTable(bodyByteCountMax: 100, numbers: numbers)
        let channel = Channel(number: try #require(numbers.take(max: 10)), link: link(mailbox))
        table.perform(.attach(channel: 1, handler, channel.fate))
        try table.handle(.channelClose(code: 404, text: "no queue"), on: 1, mailbox)
        #expect(Self.hasWritten(mailbox), "the broker's close is answered")
        await #expect(throws: AMQPError.self) { try await channel.call(.basicCancel(tag: "t")) }
        await channel.close()
        #expect(!Self.hasWritten(mailbox))
    }

    private func link(_ mailbox: Mailbox) -> Link {
        Link(
            mailbox: mailbox, numbers: numbers,
            agreement: LoginMachine.Agreement(channelMax: 10, frameMax: 4096, heartbeat: 0, serverProperties: [:]),
            generation: 1, requestTimeout: .seconds(1))
    }

    /// Whether anything was written since one last looked.
    private static func hasWritten(_ mailbox: Mailbox) -> Bool {
        var written = OutputBuffer()
        mailbox.exchange(&written)
        return !written.isEmpty
    }
}
