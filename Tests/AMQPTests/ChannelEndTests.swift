import Telemetry
import Testing

@testable import AMQP

/// The last moments of a channel.
@Suite struct ChannelEndTests {
    /// Looks, when it is told of the end, whether others may still write on the channel.
    private final class Witness: ChannelHandler {
        let fate = ChannelFate()
        let wasSealed = Lock<Bool?>(nil)
        func received(_ method: InboundMethod) {}
        func returned(_ content: ContentAssembler.Content) {}
        func blocked(_ isBlocked: Bool) {}
        func endOfBatch(_ deliveries: inout [ContentAssembler.Content], now: UInt64) -> UInt64 { .max }
        func closed(_ error: AMQPError, withLink: Bool) { wasSealed.withLock { $0 = fate.isSealed } }
    }

    private let handler = WatchfulHandler()
    private var table = ChannelTable(bodyByteCountMax: 100, numbers: ChannelNumberPool())
    private let mailbox: Mailbox

    init() throws {
        mailbox = try Mailbox(frameByteCountMax: 4096)
    }

    private static let delivery = BrokerFrames.deliver(
        channel: 1, tag: 1, exchange: "e", routingKey: "k")

    private static func receive(_ frames: [[UInt8]], into table: inout ChannelTable) throws {
        for frame in frames {
            try frame.withUnsafeBytes { bytes in
                let (channel, frame) = try FrameDecoder.frame(bytes)
                if case .content(let content) = frame { try table.handle(content, on: channel) }
            }
        }
    }

    /// Asks for something that is overdue at 101.
    private static func ask(_ table: inout ChannelTable) async throws -> [UInt16] {
        var closed: [UInt16] = []
        await #expect(throws: AMQPError.self) {
            _ = try await withCheckedThrowingContinuation { continuation in
                table.perform(
                    .expect(
                        channel: 1,
                        PendingCall(method: .confirmSelect, deadline: 100, continuation: continuation)))
                closed = table.expireCalls(101)
            }
        }
        return closed
    }

    @Test func acksAreCountedThoughTheChannelEndsBeforeTheyLeave() async throws {
        var deliveries = try Deliveries()
        try deliveries.come("a", "b")
        for delivery in await deliveries.shell.nextRuns(countMax: 2).deliveries { delivery.ack() }
        let metrics = deliveries.shell.core.metrics
        let before = metrics.acked.value
        deliveries.shell.closed(AMQPError(.connectionClosed, "gone"), withLink: true)
        #expect([before, metrics.acked.value] == [0, 2])
    }

    @Test func nothingComesBehindTheEnd() throws {
        var table = table
        table.perform(.attach(channel: 1, handler, ChannelFate()))
        try Self.receive(
            [Self.delivery, BrokerFrames.header(channel: 1, bodyByteCount: 0)], into: &table)
        try table.handle(.channelClose(code: 404, text: "no queue"), on: 1, mailbox)
        table.endBatch(now: 1)
        #expect(handler.record.withLock { $0.late } == [])
    }

    /// Its consumer subscribes anew, on another thread, while the link's turn goes on.
    @Test func whatOneChannelLeftIsNotTheNextOnes() throws {
        let deliveries = try Deliveries()
        let shell = deliveries.shell
        var table = table
        table.perform(.attach(channel: 1, shell, ChannelFate()))
        try Self.receive(
            [Self.delivery, BrokerFrames.header(channel: 1, bodyByteCount: 0)], into: &table)
        let link = try #require(shell.state.withLock { $0.channel?.link })
        try table.handle(.channelClose(code: 404, text: "no queue"), on: 1, mailbox)
        shell.state.withLock { state in
            state.incarnation += 1
            state.settlement.reset()
            state.channel = Channel(number: 2, link: link)
        }
        table.endBatch(now: 1)
        #expect(shell.state.withLock { $0.buffer.count } == 0)
        #expect(
            shell.state.withLock { $0.settlement.delivered(1) },
            "the next channel's first delivery is dropped")
    }

    /// Else a slow message would cost everybody the connection.
    @Test func aMessageMayBeUnderWayWhenAnAnswerIsOverdue() async throws {
        var table = table
        table.perform(.attach(channel: 1, handler, ChannelFate()))
        let body = BrokerFrames.frame(3, channel: 1, [1])
        try Self.receive(
            [Self.delivery, BrokerFrames.header(channel: 1, bodyByteCount: 2), body], into: &table)
        #expect(try await Self.ask(&table) == [1])
        try Self.receive([body], into: &table)
        try table.handle(.channelCloseOK, on: 1, mailbox)
    }

    /// Else who is told could write behind the close that we send.
    @Test func aChannelIsSealedBeforeAnybodyHearsOfItsEnd() async throws {
        let witness = Witness()
        var table = table
        table.perform(.attach(channel: 1, witness, witness.fate))
        #expect(try await Self.ask(&table) == [1])
        #expect(witness.wasSealed.withLock { $0 } == true)
    }

    /// The broker may end the channel in the moment its publisher takes it over: what waits is for the next one.
    @Test func nothingIsPublishedBehindTheEnd() async throws {
        let link = try #require(try Deliveries().shell.state.withLock { $0.channel?.link })
        let core = try ConnectionCore(ConnectionConfiguration(hosts: [.init("nowhere")], name: "test"))
        let shell = PublisherShell(core, PublisherOptions())
        let channel = Channel(number: 1, link: link)
        channel.fate.seal()
        shell.state.withLock { state in
            state.channel = channel
            state.machine.attached(blocked: false)
        }
        let publishing = Task.immediate {
            await shell.publish(Publication(Message(text: "m"), routingKey: "q"))
        }
        #expect(shell.state.withLock { $0.machine.waitingCount } == 1)
        var written = OutputBuffer()
        link.mailbox.exchange(&written)
        let isNothingWritten = written.isEmpty
        #expect(isNothingWritten)
        publishing.cancel()
        _ = await publishing.value
    }
}
