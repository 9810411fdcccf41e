import Telemetry
import Testing

@testable import AMQP

@Suite struct ChannelTableRandomTests {
    /// Whatever a broker sends, and whatever is asked for meanwhile: every owner and every request is told its end once.
    @Test(arguments: 0..<300) func everybodyIsToldOnce(seed: Int) async throws {
        var run = try TableRun(seed: seed)
        for _ in 0..<600 where !run.isOver { try await run.step() }
        run.finish(AMQPError(.connectionClosed, "the run is over"))
        for owner in run.owners {
            #expect(owner.handler.record.withLock { $0.closedCount } == 1)
            #expect(owner.handler.record.withLock { $0.late } == [])
        }
        try run.expectFreeNumbers()
        try expectAnswersInOrder(of: run, try await run.requests.allEnded())
    }

    /// Each channel's requests get the channel's own answers, in the order of both.
    private func expectAnswersInOrder(of run: TableRun, _ answers: [InboundMethod?]) throws {
        for owner in run.owners {
            let names = owner.requests.compactMap { number -> String? in
                if case .queueDeclareOK(let name, _, _) = answers[number] { name } else { nil }
            }
            let parts = names.map { $0.split(separator: " ").compactMap { Int($0) } }.filter { !$0.isEmpty }
            #expect(parts.allSatisfy { $0.first == Int(owner.number) })
            let serials = parts.compactMap(\.last)
            #expect(serials == Set(serials).sorted())
        }
    }
}

/// Remembers what came too late.
final class WatchfulHandler: ChannelHandler {
    struct Record {
        /// Its owner is closing the channel.
        var isClosing = false
        var closedCount = 0
        var late: [String] = []
        var lastTag: UInt64 = 0
    }

    let record = Lock(Record())

    private func note(_ what: String) {
        record.withLock { if $0.closedCount > 0 { $0.late.append(what) } }
    }

    private func noteContent(_ what: String) {
        record.withLock { if $0.closedCount > 0 || $0.isClosing { $0.late.append(what) } }
    }

    func received(_ method: InboundMethod) {
        if case .channelFlow = method { note(method.name) } else { noteContent(method.name) }
    }

    func returned(_ content: ContentAssembler.Content) { noteContent("returned") }
    func blocked(_ isBlocked: Bool) { note("blocked") }

    func endOfBatch(_ deliveries: inout [ContentAssembler.Content], now: UInt64) -> UInt64 {
        note("endOfBatch")
        let tags = exchange(&deliveries, with: []).compactMap(\.head.deliveryTag)
        record.withLock { record in
            for tag in tags {
                if tag <= record.lastTag { record.late.append("delivery \(tag)") }
                record.lastTag = tag
            }
        }
        return tags.isEmpty ? .max : now + 5
    }

    func closed(_ error: AMQPError, withLink: Bool) { record.withLock { $0.closedCount += 1 } }
}
