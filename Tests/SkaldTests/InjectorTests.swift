import AMQP
import Messaging
import SagaFile
import SagaModel
import Telemetry
import Testing

@testable import Skald

@Suite(.timeLimit(.minutes(1))) struct InjectorTests {
    private static let sagas = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 } + "/sagas"

    private func injection(
        _ words: String..., confirmGrace: Duration = .seconds(60), publish: @escaping Injector.Publish
    ) throws -> (injector: Injector, stream: InjectionStream) {
        guard case .run(_, let arguments) = try CommandLine(CommandTable.commands).read(["inject"] + words) else {
            throw Failure(.usage, "no run")
        }
        let request = try InjectionRequest(arguments)
        let stream = try InjectionStream(
            request, MessageCatalogue(try SagaLibrary(folder: Self.sagas)),
            try Fixture.all(in: Self.sagas + "/fixtures"), ids: UUIDv7Source(now: { 5 }), now: 5)
        let injector = Injector(
            request, user: "skald", watch: nil, confirmGrace: confirmGrace, now: { 5 }, publish: publish)
        return (injector, stream)
    }

    // MARK: Bad weather

    @Test func atARateMessagesGoOutInAnotherOrderAndEachOnce() async throws {
        let sent = Lock<[String]>([])
        let (injector, stream) = try injection(
            "order.PlaceOrder", "--bare", "--count", "200", "--rate", "5000/s", "--reorder", "--seed", "7"
        ) { publications in
            sent.withLock { $0 += publications.compactMap(\.message.properties.messageID) }
            return publications.map { _ in .confirmed }
        }
        try await injector.run(stream)
        let ids = sent.withLock { $0 }
        // Ids ascend as the messages are made.
        let made = ids.sorted()
        #expect(Set(ids).count == 200 && ids.count == 200 && injector.state.duplicateCount == 0)
        let moves = zip(ids.indices, ids).map { abs($0 - (made.firstIndex(of: $1) ?? 0)) }
        #expect(moves.count { $0 > 0 } > 150, "most change their place")
        #expect(moves.allSatisfy { $0 < Disturbance.windowCountMax }, "nobody is overtaken by more than a window")
    }

    @Test func theSameSeedMakesTheSameWeatherAtAnyPace() async throws {
        func weather(batch: Int) async throws -> [[String]] {
            var (_, stream) = try injection(
                "order.PlaceOrder", "--count", "150", "--reorder", "--duplicate", "20%", "--malformed", "10%", "--seed",
                "7", publish: { _ in [] })
            var copies: [Outgoing] = []
            while case let next = try await stream.next(batch), !next.isEmpty { copies += next }
            let made = Set(copies.map(\.injection.id)).sorted()
            return copies.map { copy in
                ["\(made.firstIndex(of: copy.injection.id) ?? 0)", "\(copy.isAgain)", "\(copy.injection.flaw as Any)"]
            }
        }
        let weather = (one: try await weather(batch: 1), many: try await weather(batch: 256))
        #expect(weather.one == weather.many)
        #expect(weather.one.count { $0[1] == "false" } == 150 && weather.one.count > 150)
    }

    @Test func linesOfASlowInputAreNotHeldBack() async throws {
        let pipe = try InputPipe()
        var (_, stream) = try injection(
            "consumer.RegisterConsumer", "--file", pipe.path, "--reorder", publish: { _ in [] })
        pipe.write(Self.consumers(1...3))
        #expect(try await stream.next(256).count == 3)
        pipe.write(Self.consumers(4...5))
        pipe.end()
        #expect(try await stream.next(1).count == 1)
        #expect(try await stream.next(256).count == 1)
        #expect(try await stream.next(256).isEmpty)
    }

    private static func consumers(_ numbers: ClosedRange<Int>) -> String {
        numbers.map { #"{"consumerId":"c-\#($0)","plan":"subscriber"}"# + "\n" }.joined()
    }

    // MARK: The end of a run

    @Test func whatIsOnTheWireIsConfirmedBeforeACancelledRunEnds() async throws {
        let broker = SlowBroker()
        let (injector, stream) = try injection(
            "order.PlaceOrder", "--bare", "--count", "1000", publish: broker.publish)
        let run = Task { try await injector.run(stream) }
        let onTheWire = await broker.asked()
        run.cancel()
        broker.confirm()
        await #expect(throws: CancellationError.self) { try await run.value }
        let tally = injector.state
        #expect(tally.sentCount == onTheWire && tally.confirmedCount == onTheWire && tally.isWhole)
    }

    @Test func whatIsNotConfirmedInTimeIsCountedApart() async throws {
        let broker = SlowBroker()
        let (injector, stream) = try injection(
            "order.PlaceOrder", "--bare", "--count", "1000", confirmGrace: .milliseconds(1), publish: broker.publish)
        let run = Task { try await injector.run(stream) }
        let onTheWire = await broker.asked()
        run.cancel()
        await #expect(throws: CancellationError.self) { try await run.value }
        let tally = injector.state
        #expect(tally.unknownCount == onTheWire && tally.failedCount == 0 && !tally.isWhole)
        #expect(tally.line(wanted: nil, after: .seconds(1)).contains("unknown \(onTheWire)"))
        #expect(tally.value(after: .seconds(1)).member("unknown") == .integer(Int64(onTheWire)))
    }
}

extension Value {
    fileprivate func member(_ name: String) -> Value? {
        guard case .record(let record) = self else { return nil }
        return record[name]
    }
}

/// A broker that confirms once it is told to; whoever stops waiting knows no outcome, as with a `Publisher`.
private final class SlowBroker: Sendable {
    private let batches = AsyncStream<Int>.makeStream()
    private let orders = AsyncStream<Void>.makeStream()

    @Sendable func publish(_ publications: [Publication]) async -> [PublishOutcome] {
        batches.continuation.yield(publications.count)
        for await _ in orders.stream where !Task.isCancelled { return publications.map { _ in .confirmed } }
        return publications.map { _ in .unknown(AMQPError(.cancelled, "nobody waits")) }
    }

    /// Waits for a batch and says how many it holds.
    func asked() async -> Int {
        for await count in batches.stream { return count }
        return 0
    }

    func confirm() { orders.continuation.yield() }
}
