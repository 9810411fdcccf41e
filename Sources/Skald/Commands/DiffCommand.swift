import SagaCheck
import SagaFile
import SagaModel

extension Command {
    static let diff = Command(
        "diff", "Say which running instances may move to a new definition",
        examples: [
            Example(
                "skald diff old.saga.yaml sagas/create-order.saga.yaml", "What the new version means for instances."),
            Example("skald diff stored.json new.saga.yaml --json", "The same from the store's form, for a program."),
        ],
        operands: .files(
            "OLD NEW", "Saga files, or canonical forms (*.json); participants stand beside them.", count: 2...2),
        options: [
            .flag("all", "List every place an instance can stand at, not only those that must stay."),
            .value("pairs", "COUNT", "Give up after comparing so many pairs of instances; 1000000 if left out."),
            .json,
        ],
        exits: [
            .success: "every instance may move", .failed: "some instances must stay with the old definition",
            .badInput: "a file cannot be read, or the two are different sagas",
        ]
    ) { arguments, console in
        let (old, new) = (try SagaPaths.saga(arguments.operands[0]), try SagaPaths.saga(arguments.operands[1]))
        guard old.definition.name == new.definition.name else {
            throw Failure(
                .badInput, "`\(old.definition.name)` and `\(new.definition.name)` are different sagas",
                remedy: "A renamed saga is a new one: let the instances of the old one end.")
        }
        let count = try arguments.count("pairs", in: 1...1_000_000_000) ?? DefinitionDiff.pairCountMax
        let isQuiet = arguments.has("json") || !console.messages.isTerminal
        let diff = try DefinitionDiff(from: old.definition, to: new.definition, pairCountMax: count) { pairCount in
            if !isQuiet { console.showProgress("\(old.definition.name): \(pairCount.grouped) pairs of instances") }
            return true
        }
        if !isQuiet { console.showProgress("") }
        let telling = DiffTelling(
            diff, isSame: old.canonical == new.canonical,
            changedParts: try changedParts(from: old.canonical, to: new.canonical))
        if arguments.has("json") {
            try console.print(CanonicalJSON.text(of: telling.value))
        } else {
            try telling.tell(console, isComplete: arguments.has("all"))
        }
        return telling.staying.isEmpty ? .success : .failed
    }

    /// The parts of the file that differ beside the steps, which are told one by one, and the version, which always does.
    private static func changedParts(
        from old: CanonicalDefinition, to new: CanonicalDefinition
    ) throws(CanonicalJSONError) -> [String] {
        let sides = (try members(of: old), try members(of: new))
        return Set(sides.0.keys).union(sides.1.keys).subtracting(["steps", "version"]).sorted()
            .filter { sides.0[$0] != sides.1[$0] }
    }

    private static func members(of definition: CanonicalDefinition) throws(CanonicalJSONError) -> [String: Value] {
        guard case .record(let record) = try CanonicalJSON.value(of: Array(definition.json.utf8)) else { return [:] }
        return Dictionary(uniqueKeysWithValues: record.members.map { ($0.name, $0.value) })
    }
}

/// What a diff found, for people and for programs.
struct DiffTelling {
    private let diff: DefinitionDiff
    private let isSame: Bool
    private let changedParts: [String]

    init(_ diff: DefinitionDiff, isSame: Bool, changedParts: [String]) {
        self.diff = diff
        self.isSame = isSame
        self.changedParts = changedParts
    }

    var staying: [DefinitionDiff.PlaceVerdict] { diff.places.filter { !$0.mayMove } }

    /// The most places that are listed for one reason.
    private static let shownCountMax = 5

    func tell(_ console: Console, isComplete: Bool) throws(OutputClosed) {
        let style = console.output.style
        let (old, new) = (diff.old.definition, diff.new.definition)
        try console.print(style.bold("\(old.name) \(old.version) -> \(new.version)"))
        if isSame { try console.print("the two mean the same: their canonical forms are equal") }
        for change in diff.changes {
            let to = change.newStep.map { " to `\($0)`" } ?? ""
            try console.print("  step `\(change.step)` \(change.kind.rawValue)\(to)")
        }
        for part in changedParts { try console.print("  `\(part)` changed") }
        let moving = diff.places.count - staying.count
        try console.print(
            "\nAn instance can stand at \(diff.places.count.grouped) places: from \(style.green(moving.grouped)) it may "
                + "move, from \(style.red(staying.count.grouped)) it must stay.")
        for (reason, places) in groups {
            try console.print("\n\(style.red("must stay")), because \(reason) (\(places.count.grouped) places):")
            for place in isComplete ? places[...] : places.prefix(Self.shownCountMax) {
                try console.print("  \(place.place.words)")
            }
            if !isComplete, places.count > Self.shownCountMax {
                try console.print("  and \((places.count - Self.shownCountMax).grouped) more; --all lists them")
            }
        }
        guard isComplete else { return }
        try console.print("\n\(style.green("may move")):")
        for place in diff.places where place.mayMove { try console.print("  \(place.place.words)") }
    }

    /// The places that must stay, by the reason.
    private var groups: [(reason: String, places: [DefinitionDiff.PlaceVerdict])] {
        let groups = Dictionary(grouping: staying) { $0.reason ?? "" }
        return groups.keys.sorted().map { ($0, groups[$0] ?? []) }
    }

    var value: Value {
        let changes: [Value] = diff.changes.map { change in
            var record: Record = ["kind": .string(change.kind.rawValue), "step": .string(change.step)]
            record["new-step"] = change.newStep.map { .string($0) }
            return .record(record)
        }
        let places: [Value] = diff.places.map { verdict in
            var record: Record = ["place": .string(verdict.place.words), "may-move": .boolean(verdict.mayMove)]
            record["reason"] = verdict.reason.map { .string($0) }
            return .record(record)
        }
        return .record([
            "saga": .string(diff.old.definition.name), "old": .integer(Int64(diff.old.definition.version)),
            "new": .integer(Int64(diff.new.definition.version)), "same": .boolean(isSame),
            "changes": .list(changes), "changed-parts": .list(changedParts.map { .string($0) }),
            "places": .list(places), "staying": .integer(Int64(staying.count)),
        ])
    }
}
