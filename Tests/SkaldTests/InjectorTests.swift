import AMQP
import Glibc
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
        try injection(words, confirmGrace: confirmGrace, publish: publish)
    }

    private func injection(
        _ words: [String], confirmGrace: Duration = .seconds(60), publish: @escaping Injector.Publish
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

    // MARK: Bad lines

    private static let badLine = #"{"consumerId":"c","plan":7}"# + "\n"

    @Test func aFileWithABadLineIsSentNotAtAll() async throws {
        let path = try Self.file(Self.consumers(1...2) + Self.badLine + Self.consumers(4...5))
        defer { unlink(path) }
        // Without a broker: it is not even asked for one.
        let result = await skald("inject", "consumer.RegisterConsumer", "--file", path, "--sagas", Self.sagas)
        #expect(result.exit == .badInput && result.output.isEmpty)
        #expect(result.messages.contains("line 3: consumer.RegisterConsumer plan"), "\(result.messages)")
        #expect(!result.messages.contains("continue"), "\(result.messages)")
        let unchecked = try injection(
            "consumer.RegisterConsumer", "--file", path, "--unchecked", publish: { _ in [] })
        try await unchecked.stream.rehearse()
    }

    @Test func aFileThatWasReadThroughIsSentFromItsFirstLine() async throws {
        let path = try Self.file("# guests\n" + Self.consumers(1...300))
        defer { unlink(path) }
        func flaws(rehearsed isRehearsed: Bool) async throws -> [Injection.Flaw?] {
            var (_, stream) = try injection(
                "consumer.RegisterConsumer", "--file", path, "--malformed", "20%", "--seed", "7", publish: { _ in [] })
            if isRehearsed { try await stream.rehearse() }
            return try await stream.next(1000).map(\.injection.flaw)
        }
        let found = try await flaws(rehearsed: true)
        #expect(found.count == 300)
        #expect(try await found == flaws(rehearsed: false))
    }

    @Test(arguments: [[], ["--reorder"], ["--rate", "100000/s"]])
    func whatComesBeforeABadLineOfAPipeIsSent(_ options: [String]) async throws {
        let pipe = try InputPipe()
        let (injector, stream) = try injection(
            ["consumer.RegisterConsumer", "--file", pipe.path] + options,
            publish: { $0.map { _ in .confirmed } })
        pipe.write(Self.consumers(1...2) + Self.badLine + Self.consumers(4...5))
        pipe.end()
        try await stream.rehearse()
        let fault = await #expect(throws: Failure.self) { try await injector.run(stream) }
        #expect(fault?.exit == .badInput && fault?.message.contains("line 3: ") == true)
        #expect(fault?.remedy?.contains("continue at line 3") == true, "\(fault?.remedy ?? "")")
        #expect(injector.state.sentCount == 2 && injector.state.confirmedCount == 2)
    }

    private static func file(_ text: String) throws -> String {
        let path = "/tmp/skald-lines-\(UInt64.random(in: 0 ... .max)).jsonl"
        try OutputFile.write(text, to: path)
        return path
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

    @Test func aBrokerThatStaysAwayEndsTheRun() async throws {
        let batches = Lock(0)
        let (injector, stream) = try injection("order.PlaceOrder", "--bare", "--count", "1000") { publications in
            let isThere = batches.withLock { count in
                count += 1
                return count < 3
            }
            let away = AMQPError(.timedOut, "there is no connection")
            return publications.map { _ in isThere ? .confirmed : .notSent(away) }
        }
        let fault = await #expect(throws: Failure.self) { try await injector.run(stream) }
        #expect(fault?.exit == .unavailable && fault?.message.contains("there is no connection") == true)
        let tally = injector.state
        #expect(batches.withLock { $0 } == 3 && tally.failedCount > 0 && tally.confirmedCount > tally.failedCount)
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
