import AMQP
import Messaging
import SagaFile
import SagaModel
import Telemetry

extension Command {
    static let inject = Command(
        "inject", "Send commands and events, from templates, files or standard input",
        examples: [
            Example("skald inject", "The types there are templates of, with an example each."),
            Example("skald inject order.PlaceOrder --wait", "One order from its template, followed to its end."),
            Example(
                "skald inject order.PlaceOrder --count 1000 --rate 50/s --seed 7 --wait",
                "A load that is the same each time."),
            Example("skald inject order.PlaceOrder --set lines.0.quantity=3", "The template with one change."),
            Example(
                "skald inject --file sagas/fixtures/evening-orders.jsonl --wait",
                "Lines {\"type\": ..., \"data\": {...}} of a file."),
            Example(
                "skald inject order.CancelOrder - < cancels.jsonl",
                "Payloads of one type from standard input, as they come."),
            Example(
                "skald inject order.PlaceOrder --count 100 --duplicate 10% --malformed 2% --reorder", "Bad weather."),
        ],
        operands: Operands(
            label: "[TYPE] [-]", about: "The type of the message; - reads lines from standard input.", count: 0...2),
        options: [
            .value("data", "JSON", "The payload."),
            .value("file", "FILE", "One payload a line, or {\"type\": ..., \"data\": {...}}; sent if every line fits."),
            .value("set", "PATH=VALUE", "Change each payload; may stand there several times."),
            .value("count", "N", "How many from the template; 1 if left out."),
            .value("rate", "N/s", "How many a second; as fast as the broker confirms if left out."),
            .value("seed", "N", "Make the same choices each time; ids are new all the same."),
            .value("duplicate", "SHARE", "Send this share twice, such as 10%."),
            .value("malformed", "SHARE", "Break this share; it ends in dead queues."),
            .flag(
                "reorder", "Shuffle each \(Disturbance.windowCountMax) messages, or those before a pause of the input."),
            .flag("wait", "Wait until every saga has ended and every other command is handled."),
            .value("patience", "SECONDS", "Give a wait up when nothing happens for so long; 60 if left out."),
            .flag("bare", "Do not send first what the template needs."),
            .flag("unchecked", "Send payloads that do not fit their type."),
            .value("sagas", "FOLDER", "The folder with definitions and fixtures; `sagas` if left out."),
            .json,
        ],
        exits: [
            .success: "all was taken by the broker and, with --wait, came to an end",
            .failed: "something was not taken, or may not have been; with --wait, was refused or did not end",
            .badInput: "a payload does not fit its type, or cannot be read; of standard input what came before is sent",
            .unavailable: "a server cannot be reached",
            .interrupted: "ended by Ctrl-C; what was sent stays sent, and has a few seconds to be confirmed",
        ]
    ) { arguments, console in
        let folder = arguments.value("sagas") ?? "sagas"
        let catalogue = MessageCatalogue(try SagaLibrary(folder: folder))
        let fixtures = try Fixture.all(in: folder + "/fixtures")
        let arguments = arguments.readingStandardInput
        if arguments.operands.isEmpty, arguments.value("file") == nil {
            try FixtureList(fixtures, catalogue).tell(console, asJSON: arguments.has("json"))
            return .success
        }
        let request = try InjectionRequest(arguments)
        return try await Injecting(request, catalogue, fixtures, console, asJSON: arguments.has("json")).run()
    }
}

extension Arguments {
    /// `-` as an operand means the same as `--file -`.
    var readingStandardInput: Arguments {
        guard operands.last == "-" else { return self }
        return Arguments(operands: operands.dropLast(), values: ["file": values(of: "file") + ["-"]], over: self)
    }
}

/// One run of the command.
private struct Injecting {
    let request: InjectionRequest
    let catalogue: MessageCatalogue
    let fixtures: [Fixture]
    let console: Console
    let asJSON: Bool

    init(
        _ request: InjectionRequest, _ catalogue: MessageCatalogue, _ fixtures: [Fixture], _ console: Console,
        asJSON: Bool
    ) {
        self.request = request
        self.catalogue = catalogue
        self.fixtures = fixtures
        self.console = console
        self.asJSON = asJSON
    }

    func run() async throws -> ExitCode {
        let ids = UUIDv7Source(now: { Logger.wallClockMilliseconds() })
        let stream = try InjectionStream(
            request, catalogue, fixtures, ids: ids, now: Logger.wallClockMilliseconds())
        try await stream.rehearse()
        let surroundings = Surroundings()
        let services = catalogue.library.participants.map(\.name)
        let broker = try surroundings.broker()
        // What a template needs is waited for, so that even without --wait the databases are looked into.
        let watch = try request.waits ? EndWatch(surroundings, services: services) : nil
        defer { watch?.close() }
        guard case .password(let user, _) = try broker.credentials() else {
            throw Failure(.usage, "the broker's URL names no user")
        }
        let connection = try await Connection.connect(broker)
        let publisher = try await connection.makePublisher()
        let injector = Injector(request, user: user, watch: watch) { await publisher.publish(contentsOf: $0) }
        let began = console.now()
        let finished: Bool?
        do {
            finished = try await untilInterrupted { [request, console] in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await injector.run(stream) }
                    group.addTask { try await Self.showProgress(of: injector, stream.count, began, console, request) }
                    try await group.next()
                    group.cancelAll()
                    while await group.nextResult() != nil {}
                }
                return true
            }
        } catch {
            await connection.close(gracePeriod: .seconds(10))
            // What went out is told of first, as it stays sent.
            if injector.state.sentCount > 0 {
                try? tell(injector.state, after: console.now() - began, isOver: false)
            }
            throw error
        }
        // Whoever interrupted has waited for confirms already.
        await connection.close(gracePeriod: .seconds(finished == nil ? 1 : 10))
        try tell(injector.state, after: console.now() - began, isOver: finished != nil)
        if finished == nil { return .interrupted }
        let state = injector.state
        return state.isWhole && state.refusedCount == 0 && !(request.waits && state.isWaiting) ? .success : .failed
    }

    private static func showProgress(
        of injector: Injector, _ wanted: Int?, _ began: ContinuousClock.Instant, _ console: Console,
        _ request: InjectionRequest
    ) async throws {
        var line = ProgressLine(console)
        defer { line.clear() }
        while true {
            line.show(injector.state.line(wanted: wanted, after: console.now() - began))
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// - Parameter isOver: Whether all was sent, and waited for as long as was asked.
    private func tell(_ tally: InjectionTally, after elapsed: Duration, isOver: Bool) throws {
        if asJSON {
            try console.print(CanonicalJSON.text(of: tally.value(after: elapsed)))
            return
        }
        try console.print(tally.line(wanted: nil, after: elapsed) + " · \(elapsed.words)")
        if let trace = tally.traceID { console.say("trace \(trace): skald logs --lines 1000 --json | grep \(trace)") }
        if let failure = tally.firstFailure {
            console.say("\(tally.failedCount) were not taken, the first because: \(failure)")
        }
        if let refusal = tally.firstRefusal {
            console.say("\(tally.refusedCount) were refused, the first because: \(refusal)")
        }
        if let doubt = tally.firstDoubt {
            console.say("\(tally.unknownCount) may have been taken or not, the first because: \(doubt)")
        }
        if isOver, request.waits, tally.isWaiting {
            let sagas = tally.running.keys.map(\.key).sorted().prefix(3).joined(separator: ", ")
            console.say(
                "\(tally.running.count + tally.unhandled.count) had no end for \(request.patience.words)"
                    + (sagas.isEmpty ? "" : ", such as \(sagas)") + "; look with: skald saga list, skald status")
        }
    }
}

/// The templates there are, for people who ask what can be sent.
struct FixtureList {
    private let fixtures: [Fixture]
    private let catalogue: MessageCatalogue

    init(_ fixtures: [Fixture], _ catalogue: MessageCatalogue) {
        self.fixtures = fixtures
        self.catalogue = catalogue
    }

    func tell(_ console: Console, asJSON: Bool) throws {
        if asJSON {
            let list = fixtures.map { fixture -> Value in
                .record(["type": .string(fixture.type), "about": .string(fixture.about), "data": .record(fixture.data)])
            }
            return try console.print(CanonicalJSON.text(of: .list(list)))
        }
        for fixture in fixtures {
            let style = console.output.style
            try console.print("\(style.bold(fixture.type))  \(fixture.about)")
            var filler = TemplateFiller(
                seed: 1, takesFirst: true, now: Logger.wallClockMilliseconds(),
                nextID: { "01980000-0000-7000-8000-000000000000" })
            let example = try filler.fill(fixture.data, number: 1)
            try console.print("  skald inject \(fixture.type) --data '\(CanonicalJSON.text(of: .record(example)))'")
        }
        let others = catalogue.entries.keys.filter { type in !fixtures.contains { $0.type == type } }.sorted()
        if others.isEmpty { return }
        console.say("\nWithout a template, by --data or --file: \(others.joined(separator: ", "))")
    }
}
