import SagaCheck
import SagaFile
import SagaModel

/// What checks found, for people and for programs.
struct CheckTelling {
    private let outcomes: [CheckRun.Outcome]
    private let library: SagaLibrary

    init(_ outcomes: [CheckRun.Outcome], _ library: SagaLibrary) {
        self.outcomes = outcomes
        self.library = library
    }

    private var findings: [Finding] { outcomes.flatMap(\.report.findings) }

    // MARK: For people

    func tell(_ console: Console) throws(OutputClosed) {
        let style = console.output.style
        var table = TextTable("saga", "states", "depth", "time", "states/s", "bytes/state", "result")
        for outcome in outcomes {
            let search = outcome.report.search
            let result = outcome.report.isClean ? "sound" : "\(outcome.report.findings.count) found"
            table.add(
                outcome.report.sagas.joined(separator: " x "), search.stateCount.grouped, "\(search.depth)",
                outcome.duration.words, Rate(count: search.stateCount, during: outcome.duration).perSecond.grouped,
                "\(search.byteCount / max(1, search.stateCount))", result)
        }
        try console.print(table.text(columnCount: console.output.columnCount, style: style))
        for (bounds, sagas) in bounds { try console.print(style.faint("within \(bounds): \(sagas)")) }
        for finding in findings {
            try console.print("")
            try console.print(
                "\(style.bold(place(of: finding) + ":")) \(style.red("found:")) \(finding.message) "
                    + style.faint("[\(finding.code.rawValue)]"))
            guard let story = finding.story else { continue }
            if let beginning = story.beginning { try console.print("  " + beginning) }
            for (index, sentence) in story.sentences.enumerated() {
                try console.print("  " + String(index + 1).padded(to: 3) + sentence)
            }
        }
    }

    /// The bounds, and which sagas were looked at within them.
    private var bounds: [(bounds: String, sagas: String)] {
        let groups = Dictionary(grouping: outcomes) { BoundsList.text(of: $0.report.bounds) }
        return groups.sorted { $0.key > $1.key }.map { bounds, outcomes in
            (bounds, outcomes.map { $0.report.sagas.joined(separator: " x ") }.joined(separator: ", "))
        }
    }

    private func mark(of finding: Finding) -> (path: String, mark: Mark) {
        guard let saga = library.saga(named: finding.saga) else { return (finding.saga, .start) }
        if let outcome = finding.outcome { return (saga.path, saga.mark(ofOutcome: outcome)) }
        return (saga.path, finding.step.map { saga.mark(ofStep: $0) } ?? .start)
    }

    private func place(of finding: Finding) -> String {
        let (path, mark) = mark(of: finding)
        return "\(path):\(mark.line):\(mark.column)"
    }

    // MARK: For tests

    /// Writes the first story that there is as a scenario.
    func writeScenario(to path: String, _ console: Console) throws(Failure) {
        guard let scenario = findings.lazy.compactMap(\.scenario).first else {
            console.say("no story to write to \(path)")
            return
        }
        try OutputFile.write(ScenarioWriter(scenario).text, to: path)
        console.say("wrote \(path); `skald scenario \(path)` runs it")
    }

    // MARK: For programs

    var value: Value { ["checks": .list(outcomes.map(value))] }

    private func value(of outcome: CheckRun.Outcome) -> Value {
        let report = outcome.report
        let bounds = report.bounds
        return .record([
            "sagas": .list(report.sagas.map { .string($0) }), "states": .integer(Int64(report.search.stateCount)),
            "transitions": .integer(Int64(report.search.transitionCount)),
            "depth": .integer(Int64(report.search.depth)), "bytes": .integer(Int64(report.search.byteCount)),
            "exhaustive": .boolean(report.search.isExhaustive),
            "milliseconds": .integer(outcome.duration.milliseconds),
            "bounds": .record([
                "timeouts": .integer(Int64(bounds.timeouts)), "duplicates": .integer(Int64(bounds.duplicates)),
                "crashes": .integer(Int64(bounds.crashes)), "losses": .integer(Int64(bounds.losses)),
                "attempts": .integer(Int64(bounds.attempts)),
            ]), "findings": .list(report.findings.map(value)),
        ])
    }

    private func value(of finding: Finding) -> Value {
        let (path, mark) = mark(of: finding)
        var record: Record = [
            "code": .string(finding.code.rawValue), "saga": .string(finding.saga), "message": .string(finding.message),
            "file": .string(path), "line": .integer(Int64(mark.line)), "column": .integer(Int64(mark.column)),
        ]
        record["step"] = finding.step.map { .string($0) }
        record["outcome"] = finding.outcome.map { .string($0) }
        record["story"] = finding.story.map { .list($0.sentences.map { .string($0) }) }
        record["beginning"] = finding.story?.beginning.map { .string($0) }
        return .record(record)
    }
}
