import SagaFile
import SagaModel

extension Command {
    static let replay = Command(
        "replay", "Run recorded histories against today's definitions",
        examples: [
            Example("skald replay", "Every history under sagas/histories against the definitions under sagas."),
            Example("skald replay run.history.json --definition new.saga.yaml", "One run against a changed file."),
            Example(
                "skald replay --from postgres://skald_reader@host/orchestrator",
                "Every run that an orchestrator has stored."),
            Example("skald replay --from here", "The same for what `skald up` runs."),
            Example("skald replay histories --json", "The same for a program."),
        ],
        operands: .files("[PATH...]", "Histories (*.history.json), or folders of them; `sagas/histories` if left out."),
        options: [
            .value(
                "from", "DATABASE_URL", "Take the histories of this orchestrator's database; `here` is what runs here."),
            .value(
                "definition", "FILE",
                "Replay against this saga file, whose participants stand beside it; histories of other sagas are left out."
            ),
            .value("sagas", "FOLDER", "The folder with the definitions; `sagas` if left out."),
            .json,
        ],
        exits: [
            .success: "every history does today what it did then", .failed: "at least one history diverges",
            .badInput: "a history or a definition cannot be read, or a history has no definition",
            .unavailable: "the database cannot be reached",
        ]
    ) { arguments, console in
        if let url = arguments.value("from") { return try await StoredReplay(url, arguments).run(console) }
        let paths = try HistoryPaths.all(arguments.operands.isEmpty ? ["sagas/histories"] : arguments.operands)
        let library = try DefinitionSource(arguments).library()
        let began = console.now()
        let histories = try paths.map {
            try HistoryFile.history(of: .read($0, byteCountMax: Limits.recorded.byteCountMax))
        }
        let parsed = console.now()
        let isForced = arguments.has("definition")
        let replay = try Replay(zip(paths, histories).map { ($0, $1) }, library, isForced: isForced)
        let ended = console.now()
        if arguments.has("json") {
            try console.print(CanonicalJSON.text(of: replay.value))
        } else {
            try replay.tell(console)
            let rate = Rate(count: paths.count, during: ended - parsed)
            console.say(
                "\(paths.count) \(paths.count == 1 ? "history" : "histories"): read in \((parsed - began).words), "
                    + "replayed in \((ended - parsed).words) (\(rate))"
            )
        }
        try replay.checkOthers(library, isForced: isForced)
        return replay.divergences.isEmpty ? .success : .failed
    }
}

/// The histories that operands name.
enum HistoryPaths {
    static func all(_ operands: [String]) throws(Failure) -> [String] {
        var paths: [String] = []
        for operand in operands {
            guard let found = Folder.files(below: operand, suffix: HistoryFile.suffix) else {
                paths.append(operand)
                continue
            }
            if found.isEmpty {
                throw Failure(
                    .badInput, "there is no history below \(operand)",
                    remedy: "Histories end in \(HistoryFile.suffix); `skald scenario --record FOLDER` writes some.")
            }
            paths += found
        }
        return paths
    }
}

/// Where the definitions of a command come from.
struct DefinitionSource {
    private let folder: String
    private let file: String?

    init(_ arguments: Arguments) {
        folder = arguments.value("sagas") ?? "sagas"
        file = arguments.value("definition")
    }

    func library() throws(DefinitionError) -> SagaLibrary {
        if let file { return try SagaLibrary(sagaFiles: [file]) }
        return try SagaLibrary(folder: folder)
    }
}

/// Histories run against definitions.
struct Replay {
    struct Outcome {
        let path: String
        private(set) var history: History
        let saga: LoadedSaga
        let divergence: Divergence?

        /// Without the inputs, where nobody will ask for them.
        fileprivate var lasting: Outcome {
            var outcome = self
            if divergence == nil { outcome.history.entries = [] }
            return outcome
        }
    }

    private(set) var outcomes: [Outcome] = []
    /// How many histories there are of sagas without a definition here, by name.
    private(set) var others: [String: Int] = [:]

    init() {}

    /// - Parameter isForced: whether the one definition of the library is meant for every history of its name, whatever
    ///   the version says.
    init(_ histories: [(path: String, history: History)], _ library: SagaLibrary, isForced: Bool) throws {
        var compiled: [String: CompiledDefinition] = [:]
        for (path, history) in histories {
            let version = isForced ? nil : history.version
            let exact = library.saga(named: history.definition, version: version)
            guard let saga = exact ?? library.saga(named: history.definition) else {
                others[history.definition, default: 0] += 1
                continue
            }
            let definition = try compiled[saga.canonical.hash] ?? CompiledDefinition(saga.definition)
            compiled[saga.canonical.hash] = definition
            outcomes.append(
                Outcome(path: path, history: history, saga: saga, divergence: history.replay(with: definition)))
        }
    }

    /// Adds what another part of the histories came to.
    mutating func add(_ other: Replay) {
        outcomes += other.outcomes.map(\.lasting)
        others.merge(other.others, uniquingKeysWith: +)
    }

    /// Refuses what was not replayed, unless one definition was named and the others were not meant.
    ///
    /// - Throws: ``Failure`` that names them and what is known.
    func checkOthers(_ library: SagaLibrary, isForced: Bool) throws(Failure) {
        guard !others.isEmpty, !isForced || outcomes.isEmpty else { return }
        let words = others.sorted { $0.key < $1.key }.map { "\($0.value) of `\($0.key)`" }
        let known = library.sagas.map(\.definition.name)
        throw Failure(
            .badInput, "there are histories without a definition here: \(words.joined(separator: ", "))",
            remedy: "Known: \(known.joined(separator: ", ")).")
    }

    var divergences: [Outcome] { outcomes.filter { $0.divergence != nil } }

    // MARK: For people

    private static let shownCountMax = 5

    func tell(_ console: Console) throws(OutputClosed) {
        var table = TextTable("saga", "version", "histories", "diverging")
        for (saga, group) in groups {
            let diverging = group.filter { $0.divergence != nil }.count
            table.add(saga.definition.name, "\(saga.definition.version)", "\(group.count)", "\(diverging)")
        }
        for (name, count) in others.sorted(by: { $0.key < $1.key }) {
            table.add(name, "", "\(count)", "left out")
        }
        try console.print(table.text(columnCount: console.output.columnCount, style: console.output.style))
        for outcome in divergences.prefix(Self.shownCountMax) { try tell(outcome, console) }
        let unshown = divergences.count - Self.shownCountMax
        if unshown > 0 { try console.print("\nand \(unshown) more; --json lists all") }
    }

    private func tell(_ outcome: Outcome, _ console: Console) throws(OutputClosed) {
        guard let divergence = outcome.divergence else { return }
        let style = console.output.style
        let entry = outcome.history.entries[divergence.entry]
        func words(_ actions: [Action]) -> String {
            actions.indices.contains(divergence.action) ? actions[divergence.action].words : "nothing more"
        }
        try console.print(
            """

            \(style.bold(outcome.path)) diverges at input \(divergence.entry + 1) of \(outcome.history.entries.count): \
            \(entry.input.words)
              \(style.red("recorded")) \(words(divergence.recorded))
              \(style.green("today   ")) \(words(divergence.replayed))
            """)
        if outcome.history.version != outcome.saga.definition.version {
            try console.print(
                "  recorded with version \(outcome.history.version), replayed with \(outcome.saga.definition.version)")
        }
    }

    private var groups: [(saga: LoadedSaga, outcomes: [Outcome])] {
        let groups = Dictionary(grouping: outcomes) { "\($0.saga.definition.name) \($0.saga.definition.version)" }
        return groups.keys.sorted().compactMap { key in
            groups[key].map { (saga: $0[0].saga, outcomes: $0) }
        }
    }

    // MARK: For programs

    var value: Value {
        .record([
            "histories": .integer(Int64(outcomes.count)), "diverging": .integer(Int64(divergences.count)),
            "left-out": .record(Record(others.map { Record.Member(name: $0.key, value: .integer(Int64($0.value))) })),
            "divergences": .list(
                divergences.compactMap { outcome in
                    outcome.divergence.map { divergence in
                        .record([
                            "path": .string(outcome.path), "saga": .string(outcome.saga.definition.name),
                            "recorded-version": .integer(Int64(outcome.history.version)),
                            "version": .integer(Int64(outcome.saga.definition.version)),
                            "entry": .integer(Int64(divergence.entry)), "action": .integer(Int64(divergence.action)),
                            "input": outcome.history.entries[divergence.entry].input.value,
                            "recorded": .list(divergence.recorded.map(\.value)),
                            "replayed": .list(divergence.replayed.map(\.value)),
                        ])
                    }
                }),
        ])
    }
}
