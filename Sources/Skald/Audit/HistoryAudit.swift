import SagaModel

/// The invariants over what sagas did, one history after the other. Pure.
struct HistoryAudit {
    private var sagaCount = 0
    private var entryCount = 0
    private var compensations: [String] = []
    private var pivots: [String] = []
    private var paths: [String] = []
    private var replies: [String] = []
    private var replays: [String] = []

    var findings: [AuditFinding] {
        [
            AuditFinding(
                "I6", "what was done is undone once, in reverse, or not at all", checked: sagaCount,
                offenders: compensations),
            AuditFinding("I8", "nothing is undone after the pivot", checked: sagaCount, offenders: pivots),
            AuditFinding(
                "I11", "a history is whole and nothing leaves an end", checked: entryCount, offenders: paths),
            AuditFinding(
                "I12", "a reply counts only for a request of its saga", checked: entryCount, offenders: replies),
            AuditFinding(
                "I14", "histories replay to the same commands and state", checked: sagaCount, offenders: replays),
        ]
    }

    /// Takes one saga in.
    ///
    /// - Parameters:
    ///   - name: how offenders are listed.
    ///   - version: how many inputs the instance counts.
    ///   - state: the instance as it is stored.
    ///   - fences: what the participants say became of its steps, by step; nil if nobody asked them.
    mutating func take(
        _ name: String, _ history: History, by definition: CompiledDefinition, version: Int64, state: String,
        fences: [String: String]? = nil
    ) {
        sagaCount += 1
        entryCount += history.entries.count
        if Int64(history.entries.count) != version {
            paths.append("\(name) counts \(version) inputs and has \(history.entries.count)")
        }
        var walk = HistoryWalk(definition)
        for entry in history.entries {
            let problems = walk.take(entry)
            pivots += problems.pivots.map { "\(name): \($0)" }
            paths += problems.paths.map { "\(name): \($0)" }
            replies += problems.replies.map { "\(name): \($0)" }
            replays += problems.replays.map { "\(name): \($0)" }
        }
        if walk.instance.storedText(by: definition) != state {
            replays.append("\(name) is stored in another state than its history leads to")
        }
        compensations += walk.compensationProblems.map { "\(name): \($0)" }
        if let fences { compensations += walk.problems(with: fences).map { "\(name): \($0)" } }
    }

    /// Takes a saga in whose definition cannot be had.
    mutating func takeWithoutDefinition(_ name: String, because reason: String) {
        sagaCount += 1
        replays.append("\(name) cannot be replayed: \(reason)")
    }

    /// Takes a saga in of which no input is kept.
    mutating func takeWithoutHistory(_ name: String, version: Int64) {
        sagaCount += 1
        paths.append("\(name) counts \(version) inputs and has none")
    }
}

/// One history, input by input.
struct HistoryWalk {
    struct Problems {
        var pivots: [String] = []
        var paths: [String] = []
        var replies: [String] = []
        var replays: [String] = []
    }

    let definition: CompiledDefinition
    private(set) var instance = Instance.unstarted
    private var requests: Set<Identifier> = []
    /// Steps in the order in which they were done, and in which they were undone.
    private var done: [Int] = []
    private var undone: [Int] = []
    /// Whether a person took a step for done or undone that its participant knows nothing of.
    private(set) var hasSkips = false

    init(_ definition: CompiledDefinition) { self.definition = definition }

    mutating func take(_ entry: History.Entry) -> Problems {
        var problems = Problems()
        let before = instance
        let (after, actions) = SagaMachine.decide(definition, instance, entry.input)
        instance = after
        if actions != entry.actions {
            problems.replays.append("acts in another way today at \(entry.input.happeningName)")
        }
        let isIgnored = entry.actions.contains { if case .ignore = $0 { true } else { false } }
        if case .replied(let reply) = entry.input.happening, !isIgnored, !requests.contains(reply.causation) {
            problems.replies.append("took \(reply.name), which answers no request of it")
        }
        for case .send(let command) in entry.actions {
            requests.insert(command.request)
            if before.isForwardOnly, command.turn.direction == .undo {
                problems.pivots.append("undoes \(command.turn.step) after the pivot")
            }
        }
        if case .ordered(let order) = entry.input.happening, order.action == .skip { hasSkips = true }
        if before.isOver, after != before { problems.paths.append("changed after its end") }
        note(before, after)
        return problems
    }

    private mutating func note(_ before: Instance, _ after: Instance) {
        for index in after.progress.indices {
            let (old, new) = (
                before.progress.indices.contains(index) ? before.progress[index] : .ahead, after.progress[index]
            )
            if old == new { continue }
            if new == .done || new == .inDoubt, !done.contains(index) { done.append(index) }
            if new == .undone { undone.append(index) }
        }
    }

    /// What a saga that is over has left undone, or undone twice or in a wrong order.
    var compensationProblems: [String] {
        guard instance.phase == .finished, let outcome = instance.outcome else { return [] }
        let name = { (index: Int) in definition.steps[index].id }
        switch definition.outcomes[Int(outcome)].end {
        case .completed:
            return undone.isEmpty ? [] : ["completed, and undid \(undone.map(name).joined(separator: ", "))"]
        case .compensated:
            var problems: [String] = []
            let toUndo = done.filter { index in
                definition.steps[index].hasEffect && instance.progress[index] != .failed
                    && (index == 0 ? definition.steps[0].do != nil : definition.steps[index].undo != nil)
            }
            let missing = toUndo.filter { !undone.contains($0) }
            if !missing.isEmpty { problems.append("never undid \(missing.map(name).joined(separator: ", "))") }
            if Set(undone).count < undone.count { problems.append("undid a step twice") }
            let order = undone.filter(toUndo.contains)
            if missing.isEmpty, order != toUndo.filter(undone.contains).reversed(), !definition.hasParallelSteps {
                problems.append("undid in the order \(order.map(name).joined(separator: ", "))")
            }
            return problems
        }
    }
}

extension CompiledDefinition {
    /// Whether steps run beside each other, whose undoing has no order.
    fileprivate var hasParallelSteps: Bool { stages.contains { $0.branches.count > 1 } }
}

extension Input {
    /// What kind of input it is, for a list of problems.
    fileprivate var happeningName: String {
        switch happening {
        case .started: "its start"
        case .replied(let reply): "the reply \(reply.name) to \(reply.turn)"
        case .timerFired(let turn): "the timer \(turn)"
        case .occurred(let event): "the event \(event.type)"
        case .ordered(let order): "the order \(order.action.rawValue)"
        case .paused(let participant): "the pause of \(participant)"
        case .resumed(let participant): "the resumption of \(participant)"
        }
    }
}
