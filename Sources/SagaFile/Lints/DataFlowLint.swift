import SagaModel

/// Follows the data over every path: nothing is read before it is set, and an undo needs nothing that may never come.
struct DataFlowLint {
    private let draft: SagaDraft
    private let contracts: ContractTable
    private var report: Report
    /// The fields that may be absent by their type, so reading them early is no fault.
    private let optional: Set<String>
    private let declared: Set<String>

    static func run(_ draft: SagaDraft, contracts: ContractTable, _ report: inout Report) {
        var lint = DataFlowLint(draft, contracts, report)
        lint.checkFlow()
        lint.checkEveryFieldIsSet()
        report = lint.report
    }

    private init(_ draft: SagaDraft, _ contracts: ContractTable, _ report: Report) {
        self.draft = draft
        self.contracts = contracts
        self.report = report
        declared = Set(draft.data.map(\.name.value))
        optional = Set(
            draft.data.filter { if case .optional = $0.value { true } else { false } }.map(\.name.value))
    }

    // MARK: Over the flow

    private mutating func checkFlow() {
        let started = Set(draft.start.set.map(\.name.value))
        if let undo = draft.start.undo { checkReads(of: undo.with, known: started, by: "the undo of the start") }
        var known = started
        for element in draft.flow {
            switch element {
            case .step(let step): known.formUnion(settled(by: step, known: known))
            case .parallel(let branches, _, _): known.formUnion(settled(by: branches, known: known))
            }
        }
        for outcome in draft.outcomes {
            guard let when = outcome.value.when else { continue }
            let atEnd = outcome.value.end == .completed ? known : started
            checkReads(of: when, known: atEnd, by: "the outcome `\(outcome.name.value)`")
        }
    }

    /// Checks the step's reads and returns what is certainly set once it is done.
    private mutating func settled(by step: StepDraft, known: Set<String>) -> Set<String> {
        let reader = "the step `\(step.id.value)`"
        if let when = step.when { checkReads(of: when, known: known, by: reader) }
        if let send = step.send { checkReads(of: send.with, known: known, by: reader) }
        if let wait = step.await { checkRead(wait.correlation, known: known, by: reader) }
        for rule in step.on { checkReads(of: rule.value.set, known: known, by: reader) }
        if let undo = step.undo {
            let own = Set(step.on.flatMap { $0.value.set.map(\.name.value) })
            checkReads(of: undo.with, known: known, by: "the undo of `\(step.id.value)`", ofReply: own)
        }
        if step.when != nil || step.await?.onTimeout == .proceed { return [] }
        return alwaysSet(by: step)
    }

    private func alwaysSet(by step: StepDraft) -> Set<String> {
        let sets = Dictionary(
            step.on.map { ($0.name.value, Set($0.value.set.map(\.name.value))) }, uniquingKeysWith: { $0.union($1) })
        guard let proceeding = contracts.proceeding(step) else {
            return sets.values.reduce(into: []) { $0.formUnion($1) }
        }
        guard let first = proceeding.first else { return [] }
        return proceeding.dropFirst().reduce(sets[first] ?? []) { $0.intersection(sets[$1] ?? []) }
    }

    private mutating func settled(by branches: [[StepDraft]], known: Set<String>) -> Set<String> {
        var settled: Set<String> = []
        var writers: [String: Int] = [:]
        for (number, branch) in branches.enumerated() {
            var inBranch = known
            for step in branch {
                inBranch.formUnion(self.settled(by: step, known: inBranch))
                for field in step.on.flatMap({ $0.value.set.map(\.name) }) {
                    if let other = writers[field.value], other != number {
                        report.add(.dataRace, at: field.mark, "another branch sets `data.\(field.value)` too")
                    }
                    writers[field.value] = number
                }
            }
            settled.formUnion(inBranch)
        }
        return settled
    }

    private mutating func checkEveryFieldIsSet() {
        let sets = draft.start.set + draft.steps.flatMap { $0.on.flatMap(\.value.set) }
        let written = Set(sets.map(\.name.value))
        for field in draft.data where !written.contains(field.name.value) {
            report.add(.dataNeverSet, at: field.name.mark, "nothing ever sets `data.\(field.name.value)`")
        }
    }

    // MARK: Reads

    /// - Parameter own: The fields that the step's own reply sets: for its undo they do not count.
    private mutating func checkRead(
        _ path: Located<String>, known: Set<String>, by reader: String, ofReply own: Set<String> = []
    ) {
        let parts = path.value.split(separator: ".").map(String.init)
        guard parts.count > 1, parts[0] == "data" else { return }
        let field = parts[1]
        guard declared.contains(field), !optional.contains(field), !known.contains(field) else { return }
        if own.contains(field) {
            report.add(
                .undoNeedsReply, at: path.mark, "\(reader) needs `\(path.value)`, which only the step's own reply sets")
        } else {
            report.add(.dataUnset, at: path.mark, "`\(path.value)` may not be set when \(reader) reads it")
        }
    }

    private mutating func checkReads(
        of assignments: [Named<ExpressionDraft>], known: Set<String>, by reader: String, ofReply own: Set<String> = []
    ) {
        for assignment in assignments { checkReads(of: assignment.value, known: known, by: reader, ofReply: own) }
    }

    private mutating func checkReads(
        of expression: ExpressionDraft, known: Set<String>, by reader: String, ofReply own: Set<String>
    ) {
        switch expression {
        case .path(let path): checkRead(path, known: known, by: reader, ofReply: own)
        case .literal: break
        case .record(let fields, _): checkReads(of: fields, known: known, by: reader, ofReply: own)
        case .list(let items, _):
            for item in items { checkReads(of: item, known: known, by: reader, ofReply: own) }
        }
    }

    private mutating func checkReads(of condition: ConditionDraft, known: Set<String>, by reader: String) {
        switch condition {
        case .compare(let left, _, let right):
            for operand in [left, right] { checkRead(operand, known: known, by: reader) }
        case .among(let needle, let hay):
            for operand in [needle] + hay { checkRead(operand, known: known, by: reader) }
        case .exists: break
        case .and(let parts), .or(let parts):
            for part in parts { checkReads(of: part, known: known, by: reader) }
        case .not(let part): checkReads(of: part, known: known, by: reader)
        }
    }

    private mutating func checkRead(_ operand: ConditionDraft.Operand, known: Set<String>, by reader: String) {
        if case .word(let path) = operand { checkRead(path, known: known, by: reader) }
    }
}
