import AMQP
import Messaging
import SagaFile
import SagaModel
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
