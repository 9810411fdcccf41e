/// Resolves a definition's names to indices and collects what does not resolve.
struct DefinitionResolver {
    struct Parts {
        var steps: [CompiledStep] = []
        var stages: [CompiledStage] = []
        var startSet: [CompiledAssignment] = []
        var outcomes: [CompiledOutcome] = []
    }

    let definition: Definition
    var faults: [DefinitionFault] = []

    init(_ definition: Definition) {
        self.definition = definition
    }

    mutating func fault(_ code: DefinitionFault.Code, at place: [String], _ message: String) {
        faults.append(DefinitionFault(code, at: place, message))
    }

    mutating func resolve() -> Parts {
        var parts = Parts()
        checkNames()
        parts.startSet = resolveStart()
        parts.steps = [startStep()]
        for (stage, element) in definition.flow.enumerated() {
            parts.stages.append(resolve(element, stage: stage, into: &parts.steps))
        }
        parts.outcomes = resolveOutcomes()
        return parts
    }

    // MARK: Names

    private mutating func checkNames() {
        let steps = definition.steps
        if steps.isEmpty { fault(.emptyFlow, at: ["steps"], "A saga needs at least one step.") }
        if steps.count > 200 { fault(.tooManySteps, at: ["steps"], "A saga has at most 200 steps; split it.") }
        if definition.participants.count > 64 {
            fault(.tooManyParticipants, at: ["participants"], "A saga speaks to at most 64 participants.")
        }
        var seen: Set<String> = []
        for step in steps {
            if step.id == Start.stepID {
                fault(.reservedStep, at: ["steps", step.id], "`start` names the start itself; choose another id.")
            }
            if !seen.insert(step.id).inserted {
                fault(.duplicateStep, at: ["steps", step.id], "Two steps have this id; ids are unique.")
            }
        }
        var fields: Set<String> = []
        for field in definition.data where !fields.insert(field.name).inserted {
            fault(.duplicateField, at: ["data", field.name], "Two fields have this name.")
        }
    }

    // MARK: Start

    private mutating func resolveStart() -> [CompiledAssignment] {
        guard let payload = payload(ofEvent: definition.start.event, at: ["start", "event"]) else { return [] }
        switch payload.first(where: { $0.name == definition.start.key })?.type {
        case .id?: break
        case nil:
            fault(
                .unknownField, at: ["start", "key"],
                "The event `\(definition.start.event)` has no field `\(definition.start.key)`.")
        case let other?:
            fault(.typeMismatch, at: ["start", "key"], "The key `\(definition.start.key)` is \(other), not id.")
        }
        return assignments(definition.start.set, payload: payload, root: .event, at: ["start", "set"])
    }

    private mutating func startStep() -> CompiledStep {
        let start = definition.start
        return CompiledStep(
            id: Start.stepID, kind: .compensatable, stage: -1,
            do: start.undo.flatMap { call($0, rules: [], kind: nil, at: ["start", "undo"]) }, wait: nil, undo: nil,
            when: nil, doPolicy: CompiledPolicy(start.undoRetry), undoPolicy: CompiledPolicy(start.undoRetry))
    }

    // MARK: Flow

    private mutating func resolve(_ element: Flow, stage: Int, into steps: inout [CompiledStep]) -> CompiledStage {
        let (branches, join): ([[Step]], ParallelGroup.Join) =
            switch element {
            case .step(let step): ([[step]], .all)
            case .parallel(let group): (group.branches, group.join)
            }
        var indices: [[Int]] = []
        for branch in branches {
            var branchIndices: [Int] = []
            for step in branch {
                branchIndices.append(steps.count)
                steps.append(resolve(step, stage: stage))
            }
            indices.append(branchIndices)
        }
        return CompiledStage(branches: indices, join: join)
    }

    private mutating func resolve(_ step: Step, stage: Int) -> CompiledStep {
        let place = ["steps", step.id]
        var request: CompiledCall?
        var wait: CompiledWait?
        switch step.action {
        case .send(let send):
            request = call(send, rules: step.on, kind: step.kind, at: place + ["do"])
        case .await(let events):
            wait = resolve(events, of: step, at: place + ["await"])
            if step.undo != nil {
                fault(.undoOfWait, at: place + ["undo"], "Waiting for an event has no effect to undo; remove `undo`.")
            }
        }
        return CompiledStep(
            id: step.id, kind: step.kind, stage: stage, do: request, wait: wait,
            undo: step.undo.flatMap { call($0, rules: [], kind: nil, at: place + ["undo"]) },
            when: step.when.flatMap { condition($0, at: place + ["when"]) }, doPolicy: CompiledPolicy(step.retry),
            undoPolicy: CompiledPolicy(step.undoRetry))
    }

    private mutating func resolve(_ events: AwaitedEvents, of step: Step, at place: [String]) -> CompiledWait? {
        var rules: [CompiledRule] = []
        let correlation = expression(.path(events.correlation), at: place + ["equals"])
        for type in events.events {
            guard let payload = payload(ofEvent: type, at: place + ["events", type]) else { continue }
            checkKey(events, of: type, payload, correlation: correlation?.type, at: place)
            let rule = step.on.first { $0.reply == type }
            rules.append(
                CompiledRule(
                    name: type, isSuccess: true, isUnclear: false, verdict: rule?.verdict ?? .proceed,
                    set: assignments(
                        rule?.set ?? [], payload: payload, root: .event, at: ["steps", step.id, "on", type, "set"])))
        }
        for rule in step.on where !events.events.contains(rule.reply) {
            fault(.unknownEvent, at: ["steps", step.id, "on", rule.reply], "The step does not wait for this event.")
        }
        guard let correlation = correlation?.expression else { return nil }
        return CompiledWait(
            rules: rules, key: events.key, correlation: correlation, onTimeout: events.onTimeout)
    }

    /// Checks that the event's key can equal what the step looks for: values of other types never do.
    private mutating func checkKey(
        _ events: AwaitedEvents, of event: String, _ payload: [Field], correlation: DataType?, at place: [String]
    ) {
        guard let key = payload.first(where: { $0.name == events.key })?.type else {
            fault(.unknownField, at: place + ["key"], "The event `\(event)` has no field `\(events.key)`.")
            return
        }
        guard let correlation, !key.isComparable(with: correlation) else { return }
        fault(
            .typeMismatch, at: place + ["equals"],
            "`\(events.correlation)` is \(correlation), but `\(events.key)` of `\(event)` is \(key).")
    }

    private mutating func payload(ofEvent type: String, at place: [String]) -> [Field]? {
        for participant in definition.participants {
            if let event = participant.events.first(where: { $0.type == type }) { return event.payload }
        }
        fault(.unknownEvent, at: place, "No participant declares the event `\(type)`.")
        return nil
    }

    // MARK: Outcomes

    private mutating func resolveOutcomes() -> [CompiledOutcome] {
        for end in [Outcome.End.completed, .compensated] {
            let isCovered = definition.outcomes.contains { $0.end == end && $0.when == nil }
            if !isCovered {
                fault(
                    .missingOutcome, at: ["outcomes"],
                    "A saga that is \(end.rawValue) needs an outcome without `when`, so that it always has one.")
            }
        }
        return definition.outcomes.map { outcome in
            if let require = outcome.require { checkStates(require, at: ["outcomes", outcome.name, "require"]) }
            return CompiledOutcome(
                name: outcome.name, end: outcome.end,
                when: outcome.when.flatMap { condition($0, at: ["outcomes", outcome.name, "when"]) })
        }
    }
}
