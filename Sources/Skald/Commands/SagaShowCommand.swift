import Orchestration
import SagaModel
import Telemetry

extension Command {
    private static let sagaOperand = Operands(
        label: "SAGA", about: "The saga's id, or its key, such as an order's id.", count: 1...1)

    static let sagaShow = Command(
        "saga show", "Show one saga as a timeline",
        examples: [
            Example("skald saga show ORDER", "Commands, replies and waits, by the key."),
            Example(
                "skald saga show SAGA --long", "With payloads, ids and timers, and the orders an operator may give."),
        ],
        operands: sagaOperand,
        options: [.flag("long", "Payloads, ids, timers, and what an operator may order."), .json],
        exits: [.failed: "there is no such saga", .unavailable: "the database cannot be reached"]
    ) { arguments, console in
        try await SagaSession.with { session in
            let saga = try await session.saga(arguments.operands[0])
            let timeline = Timeline(saga, try await session.store.records(of: saga.id))
            if arguments.has("json") {
                try console.print(CanonicalJSON.text(of: timeline.value))
                return .success
            }
            try timeline.tell(console, isLong: arguments.has("long"))
            if saga.standing == .stuck || arguments.has("long") {
                try await tellChoices(saga, session, console)
            }
            return .success
        }
    }

    private static func tellChoices(_ saga: SagaSummary, _ session: SagaSession, _ console: Console) async throws {
        let choices = try await session.store.choices(for: saga.id, now: UTC.now()) ?? []
        if choices.isEmpty { return }
        try console.print("\n\(console.output.style.bold("An operator may order:"))")
        for choice in choices { try console.print("  " + choice.words(saga.id)) }
    }

    static let sagaWatch = Command(
        "saga watch", "Follow one saga, or all of them, as they go",
        examples: [
            Example("skald saga watch ORDER", "One saga, until it is over."),
            Example("skald saga watch", "Every saga that starts, gets stuck or ends, until Ctrl-C."),
        ],
        operands: Operands(label: "[SAGA]", about: "The saga's id, or its key; all if left out.", count: 0...1),
        exits: [.failed: "there is no such saga", .unavailable: "the database cannot be reached"]
    ) { arguments, console in
        let name = arguments.operands.first
        let exit = try await untilInterrupted { () async throws -> ExitCode in
            try await SagaSession.with { session in
                if let name { try await follow(name, session, console) } else { try await followAll(session, console) }
                return .success
            }
        }
        return exit ?? .interrupted
    }

    private static let lookInterval = Duration.milliseconds(200)

    private static func follow(_ name: String, _ session: SagaSession, _ console: Console) async throws {
        var saga = try await session.saga(name)
        var shown = 0
        try console.print(Timeline(saga, []).heading(console.output.style))
        while true {
            let records = try await session.store.records(of: saga.id)
            let timeline = Timeline(saga, records)
            for record in records.dropFirst(shown) {
                for line in timeline.lines(of: record, console, isLong: false) { try console.print(line) }
            }
            shown = records.count
            if saga.endedAt != nil { return }
            try await Task.sleep(for: lookInterval)
            saga = try await session.saga(saga.id.description)
        }
    }

    private static func followAll(_ session: SagaSession, _ console: Console) async throws {
        var watch = SagaWatch(now: try await session.store.now())
        while true {
            let began = ContinuousClock.now
            for line in try await watch.look(session.store) { try console.print(line) }
            // No index leads to what ended lately, as every saga would pay for it: where many are stored, looks are rarer.
            try await Task.sleep(for: max(SagaWatch.interval, (ContinuousClock.now - began) * 10))
        }
    }

    static let sagaExport = Command(
        "saga export", "Write the history of one saga as `skald replay` takes it",
        examples: [
            Example("skald saga export ORDER > run.history.json", "Then: skald replay run.history.json."),
            Example(
                "skald saga export SAGA --output sagas/histories/create-order",
                "A file in a folder, named after its key, or its id where a key is no name for a file."),
        ],
        operands: sagaOperand,
        options: [.value("output", "FOLDER", "Write a file there, in place of standard output.")],
        exits: [.failed: "there is no such saga", .unavailable: "the database cannot be reached"]
    ) { arguments, console in
        try await SagaSession.with { session in
            let saga = try await session.saga(arguments.operands[0])
            guard let history = try await session.store.history(of: saga.id) else {
                throw Failure(.failed, "there is no history of \(saga.id)")
            }
            guard let folder = arguments.value("output") else {
                try console.output.write(history.text)
                return .success
            }
            try OutputFile.makeFolder(folder)
            let path = "\(folder)/\(saga.fileName).history.json"
            try OutputFile.write(history.text, to: path)
            console.say(path)
            return .success
        }
    }
}

extension SagaSummary {
    private static let fileNameByteCountMax = 200

    /// What a file about it may be called: keys come in messages, and may hold anything.
    var fileName: String {
        let isName = key.utf8.allSatisfy { byte in
            switch UInt8(byte) {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        let isGood = isName && !key.isEmpty && !key.hasPrefix(".") && key.utf8.count <= Self.fileNameByteCountMax
        return isGood ? key : id.description
    }
}

extension OperatorChoice {
    /// The command that gives the order, and what it leads to.
    func words(_ saga: Identifier) -> String {
        let step = step.map { " --step \($0)" } ?? ""
        let ends = ends.map(\.rawValue).sorted().joined(separator: " or ")
        let left = effectsLeft.isEmpty ? "" : "; effects stay: \(effectsLeft.joined(separator: ", "))"
        return "skald saga \(action.rawValue) \(saga)\(step) --reason WHY    (then \(ends)\(left))"
    }
}
