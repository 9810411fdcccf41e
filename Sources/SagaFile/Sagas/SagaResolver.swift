import SagaModel

/// Turns the draft of a saga into a definition: looks names up, fills in what was left out, and lints.
///
/// The stages build on each other: the names first, then the lints, and last the model's own resolver, which has the
/// final word on types and paths. A stage that would only repeat the faults of an earlier one is left out.
struct SagaResolver {
    let draft: SagaDraft
    let root: Node
    /// The participants of all files, by name.
    let participants: [String: Participant]
    /// Those of them that the saga speaks to, hears of or shares a type with, in the order of their names.
    let used: [Participant]
    var types: TypeTable
    var report: Report
    /// Whether all of the file could be read. What could not is missing from the draft, and everything else would be
    /// blamed for it.
    let isWhole: Bool

    /// What an instance can number its steps by, with room to spare.
    private static let stepCountMax = 200
    /// Each beginning is a search of its own, so more are a mistake.
    private static let beginningCountMax = 256

    /// - Parameters:
    ///   - root: The file's nodes, to find the places that the model's own resolver speaks of.
    ///   - report: The faults of reading the file so far.
    init(_ draft: SagaDraft, root: Node, participants: [String: Participant], types: TypeTable, report: Report) {
        self.draft = draft
        self.root = root
        self.participants = participants
        self.types = types
        self.report = report
        isWhole = !report.hasFaults
        used = Self.used(by: draft, of: participants, types: types)
    }

    /// Returns the definition; nil when the report has faults.
    mutating func resolve() -> Definition? {
        let data = types.resolve(draft.data, within: nil, &report)
        let definition = assemble(data: data ?? [])
        guard isWhole else { return nil }
        if draft.steps.count > Self.stepCountMax {
            report.add(
                .tooManySteps, at: draft.steps[Self.stepCountMax].mark,
                "a saga has at most \(Self.stepCountMax) steps, this one \(draft.steps.count)")
            return nil
        }
        checkNames()
        StepLint.run(draft, contracts: ContractTable(participants), &report)
        OrderLint.run(draft, contracts: ContractTable(participants), &report)
        OutcomeLint.run(draft, &report)
        guard data != nil else { return nil }
        DataFlowLint.run(draft, contracts: ContractTable(participants), &report)
        DeadlineLint.run(draft, definition, &report)
        compile(definition)
        return report.hasFaults ? nil : definition
    }

    // MARK: Names that no lint is about

    private mutating func checkNames() {
        var seen: Set<String> = []
        for step in draft.steps {
            if !seen.insert(step.id.value).inserted {
                report.add(.duplicateStep, at: step.id.mark, "the id `\(step.id.value)` is taken by a step before")
            }
            if step.id.value == Start.stepID {
                report.add(.reservedName, at: step.id.mark, "`\(Start.stepID)` names the start of every saga")
            }
        }
        let fields = draft.data.map(\.name.value)
        for field in draft.search + draft.redact where !fields.contains(field.value) {
            report.addUnknown(.unknownField, field, what: "field of `data`", known: fields)
        }
        for compatibility in draft.compatibility {
            for rename in compatibility.value.renames where !seen.contains(rename.value.value) {
                report.addUnknown(.unknownStep, rename.value, what: "step", known: seen)
            }
        }
    }

    // MARK: Assembly

    private mutating func assemble(data: [Field]) -> Definition {
        let start = resolveStart()
        let flow = draft.flow.map { resolve($0) }
        let outcomes = draft.outcomes.map { resolve($0) }
        return Definition(
            name: draft.name.value, version: draft.version.value, start: start, deadline: draft.deadline?.value,
            data: data, participants: used, flow: flow, outcomes: outcomes, bounds: draft.bounds,
            compatibility: draft.compatibility.map(Self.compatibility), search: draft.search.map(\.value),
            redact: draft.redact.map(\.value), retention: draft.retention)
    }

    private static func compatibility(_ draft: Named<CompatibilityDraft>) -> Compatibility {
        // The key was read by the rule for versions, so it is a number; one too large matches no version.
        Compatibility(
            version: Int(draft.name.value) ?? 0,
            renames: Dictionary(draft.value.renames.map { ($0.name.value, $0.value.value) }) { first, _ in first })
    }

    private mutating func resolveStart() -> Start {
        checkEvent(draft.start.event)
        checkBeginnings()
        return Start(
            event: draft.start.event.value, key: draft.start.key.value, set: Self.assignments(draft.start.set),
            undo: draft.start.undo.map { call($0) },
            undoRetry: draft.start.undo?.wait.policy(.compensation) ?? .compensation,
            given: draft.start.given.compactMap { given($0) })
    }

    /// The checker searches from every combination of the states given.
    private mutating func checkBeginnings() {
        var count = 1
        for given in draft.start.given {
            count *= max(1, Set(given.value.map(\.value)).count)
            guard count > Self.beginningCountMax else { continue }
            report.add(
                .outOfRange, at: given.name.mark, "with `\(given.name.value)` there are too many beginnings",
                hint: "At most \(Self.beginningCountMax) combinations of states; split the saga.")
            return
        }
    }

    private mutating func given(_ given: Named<[Located<String>]>) -> StartState? {
        guard let (name, aggregate) = aggregate(given.name) else { return nil }
        for state in given.value where !aggregate.states.contains(state.value) {
            report.addUnknown(.unknownState, state, what: "state of `\(name)`", known: aggregate.states)
        }
        return StartState(aggregate: name, states: given.value.map(\.value))
    }

    private mutating func resolve(_ flow: FlowDraft) -> Flow {
        switch flow {
        case .step(let draft): return .step(step(draft))
        case .parallel(let branches, let join, _):
            var resolved: [[Step]] = []
            for branch in branches { resolved.append(branch.map { step($0) }) }
            return .parallel(ParallelGroup(branches: resolved, join: join))
        }
    }

    private mutating func step(_ draft: StepDraft) -> Step {
        let standard: RetryPolicy = draft.kind.value == .retriable ? .compensation : .step
        var condition: Condition?
        if let when = draft.when { condition = self.condition(when) }
        return Step(
            id: draft.id.value, kind: draft.kind.value, action: action(of: draft), undo: draft.undo.map { call($0) },
            when: condition,
            on: draft.on.map {
                ReplyRule(reply: $0.name.value, set: Self.assignments($0.value.set), verdict: $0.value.verdict)
            }.sorted { $0.reply < $1.reply },
            retry: draft.wait.policy(standard, isWait: draft.await != nil),
            undoRetry: draft.undo?.wait.policy(.compensation) ?? .compensation)
    }

    private mutating func action(of draft: StepDraft) -> StepAction {
        if let wait = draft.await {
            for event in wait.events { checkEvent(event) }
            let events = AwaitedEvents(
                events: wait.events.map(\.value), key: wait.key.value,
                correlation: Self.path(wait.correlation.value), onTimeout: wait.onTimeout)
            return .await(events)
        }
        guard let send = draft.send else {
            report.add(
                .missingKey, at: draft.mark, "the step `\(draft.id.value)` does nothing",
                hint: "Add `do:` with a command, or `await:` with events.")
            return .send(CommandCall(participant: "", command: ""))
        }
        return .send(call(send))
    }

    private mutating func resolve(_ draft: Named<OutcomeDraft>) -> Outcome {
        let when = draft.value.when.flatMap { condition($0) }
        let require = draft.value.require.flatMap { condition($0, isOverStates: true) }
        return Outcome(name: draft.name.value, end: draft.value.end, when: when, require: require)
    }

    /// Lets the model's own resolver look, and tells its faults at the places they are about.
    private mutating func compile(_ definition: Definition) {
        do {
            _ = try CompiledDefinition(definition)
        } catch {
            let locator = PlaceLocator(root)
            let told = Set(report.diagnostics.map(\.code))
            // A step that does nothing was told already, and the resolver would look for its command in vain.
            if told.contains(.missingKey) { return }
            for fault in error.faults {
                // A test holds the two lists of codes against each other.
                guard let code = DiagnosticCode(fault.code) else { preconditionFailure("unknown code \(fault.code)") }
                // What was looked up here already was told at a better place.
                if Self.ownCodes.contains(code), told.contains(code) { continue }
                let place = locator.place(of: fault.place)
                let nearest = Spelling.nearest(to: place.text, among: neighbours(of: place.text))
                report.add(
                    code, at: place.mark, fault.message,
                    hint: code == .unknownField ? nearest.map { "Did you mean `\($0)`?" } : nil)
            }
        }
    }

    private static let ownCodes: Set<DiagnosticCode> = [
        .reservedName, .duplicateStep, .unknownParticipant, .unknownCommand, .unknownReply, .unknownEvent,
        .unknownAggregate, .unknownState, .outcomeMissing, .undoRefused,
    ]

    /// The paths and fields that could have been meant by a word.
    private func neighbours(of word: String) -> [String] {
        let own = draft.data.map(\.name.value)
        if word.hasPrefix("data.") { return own.map { "data." + $0 } }
        return own + participants.values.flatMap(\.payloadFields).map(\.name)
    }
}

extension DiagnosticCode {
    /// The code of a fault that the model's own resolver found.
    init?(_ code: DefinitionFault.Code) {
        switch code {
        case .reservedStep: self = .reservedName
        case .missingOutcome: self = .outcomeMissing
        case .emptyFlow: self = .emptyList
        case .duplicateField: self = .duplicateKey
        case .undoOfWait: self = .undoRefused
        default: self.init(rawValue: code.rawValue)
        }
    }
}
