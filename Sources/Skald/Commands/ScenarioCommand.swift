import SagaCheck
import SagaFile
import SagaModel

extension Command {
    static let scenario = Command(
        "scenario", "Run stories told beforehand: given, expect, and given",
        examples: [
            Example("skald scenario", "Every scenario under sagas/scenarios against the definitions under sagas."),
            Example("skald scenario broken.scenario.yaml --verbose", "One file, told sentence by sentence."),
            Example("skald scenario --record sagas/histories", "Write each run as a history for `skald replay`."),
        ],
        operands: .files(
            "[PATH...]", "Scenario files (*.scenario.yaml), or folders of them; `sagas/scenarios` if left out."),
        options: [
            .value("sagas", "FOLDER", "The folder with the definitions; `sagas` if left out."),
            .value("definition", "FILE", "Run on this saga file; its participants stand beside it."),
            .value("record", "FOLDER", "Write the histories of the runs there."),
            .flag("verbose", "Tell what happens in every scenario, not only in those that fail."),
            .json,
        ],
        exits: [
            .success: "everything happened as expected", .failed: "at least one expectation was not met",
            .badInput: "a scenario or a definition cannot be read",
        ]
    ) { arguments, console in
        let library = try DefinitionSource(arguments).library()
        let scenarios = try ScenarioPaths.all(arguments.operands, library)
        let definitions = library.sagas.map(\.definition)
        var runs: [ScenarioOutcome] = []
        for loaded in scenarios {
            let result: ScenarioResult
            do throws(ScenarioError) {
                result = try loaded.scenario.run(with: definitions)
            } catch {
                throw Failure(.badInput, "\(loaded.path):\(loaded.mark.line): \(error)")
            }
            runs.append(ScenarioOutcome(loaded: loaded, result: result))
        }
        if let folder = arguments.value("record") { try HistoryRecorder(folder, library).record(runs, console) }
        let telling = ScenarioTelling(runs)
        if arguments.has("json") {
            try console.print(CanonicalJSON.text(of: telling.value))
        } else {
            try telling.tell(console, isVerbose: arguments.has("verbose"))
        }
        return runs.allSatisfy(\.result.isPassed) ? .success : .failed
    }
}

/// A scenario and how it went.
struct ScenarioOutcome {
    let loaded: ScenarioFile.Loaded
    let result: ScenarioResult
}

/// The scenarios that operands name.
enum ScenarioPaths {
    static func all(_ operands: [String], _ library: SagaLibrary) throws -> [ScenarioFile.Loaded] {
        var paths: [String] = []
        for operand in operands.isEmpty ? ["sagas/scenarios"] : operands {
            guard let found = Folder.files(below: operand, suffix: ScenarioFile.suffix) else {
                paths.append(operand)
                continue
            }
            if found.isEmpty { throw Failure(.badInput, "there is no scenario below \(operand)") }
            paths += found
        }
        var scenarios: [ScenarioFile.Loaded] = []
        var faults: [Diagnostic] = []
        for path in paths {
            do throws(DefinitionError) {
                scenarios += try ScenarioFile.scenarios(of: try SourceFile.read(path), library)
            } catch {
                faults += error.diagnostics
            }
        }
        if !faults.isEmpty { throw DefinitionError(faults) }
        return scenarios
    }
}

/// Tells how scenarios went.
struct ScenarioTelling {
    private let runs: [ScenarioOutcome]

    init(_ runs: [ScenarioOutcome]) {
        self.runs = runs
    }

    func tell(_ console: Console, isVerbose: Bool) throws(OutputClosed) {
        let style = console.output.style
        for run in runs where isVerbose || !run.result.isPassed {
            let name = style.bold(run.loaded.scenario.name)
            let verdict = run.result.isPassed ? style.green("ok") : style.red("failed")
            try console.print("\(run.loaded.path):\(run.loaded.mark.line): \(name) \(verdict)")
            for (index, sentence) in run.result.sentences.enumerated() {
                try console.print("  " + String(index + 1).padded(to: 3) + sentence)
            }
            if let failure = run.result.failure {
                try console.print("  \(style.red("but")) \(place(of: failure, in: run.loaded)): \(failure.message)")
            }
            try console.print("")
        }
        let failed = runs.filter { !$0.result.isPassed }.count
        try console.print("\(runs.count) \(runs.count == 1 ? "scenario" : "scenarios"), \(failed) failed")
    }

    private func place(of failure: ScenarioResult.Failure, in loaded: ScenarioFile.Loaded) -> String {
        let mark = loaded.moments.indices.contains(failure.moment) ? loaded.moments[failure.moment] : loaded.mark
        return "\(loaded.path):\(mark.line)"
    }

    var value: Value {
        .record([
            "scenarios": .integer(Int64(runs.count)),
            "failed": .integer(Int64(runs.filter { !$0.result.isPassed }.count)),
            "results": .list(
                runs.map { run in
                    var record: Record = [
                        "file": .string(run.loaded.path), "line": .integer(Int64(run.loaded.mark.line)),
                        "scenario": .string(run.loaded.scenario.name), "passed": .boolean(run.result.isPassed),
                    ]
                    if let failure = run.result.failure {
                        record["moment"] = .integer(Int64(failure.moment))
                        record["message"] = .string(failure.message)
                        record["story"] = .list(run.result.sentences.map { .string($0) })
                    }
                    return .record(record)
                }),
        ])
    }
}

/// Writes what scenarios did as histories.
///
/// A scenario may cut attempts down or weaken the protocol; its run is then none that today's definitions could have had,
/// and is left out. The inputs of the others are run once more on the definitions as they stand, jitter included.
struct HistoryRecorder {
    private let folder: String
    private let library: SagaLibrary

    init(_ folder: String, _ library: SagaLibrary) {
        self.folder = folder
        self.library = library
    }

    /// Writes one file for each saga of each scenario that passed.
    func record(_ runs: [ScenarioOutcome], _ console: Console) throws {
        var count = 0
        for run in runs where run.result.isPassed && isFaithful(run.loaded.scenario) {
            for history in run.result.histories where !history.entries.isEmpty {
                guard let saga = library.saga(named: history.definition, version: history.version) else { continue }
                let recorded = History.recording(
                    history.entries.map(\.input), of: try CompiledDefinition(saga.definition), hash: saga.canonical.hash
                )
                let place = folder + "/" + history.definition
                try OutputFile.makeFolder(place)
                try OutputFile.write(recorded.text, to: "\(place)/\(run.loaded.scenario.name)\(HistoryFile.suffix)")
                count += 1
            }
        }
        console.say("wrote \(count) histories below \(folder)")
    }

    private func isFaithful(_ scenario: Scenario) -> Bool {
        scenario.attempts == nil && scenario.rules == .full
    }
}
