/// A definition with every name resolved to an index: the form that ``SagaMachine`` runs.
///
/// It is made once for each definition and shared by all its instances. Step 0 is the start, whose `do` is the undo of
/// what the starting event announced.
package final class CompiledDefinition: Sendable {
    package let definition: Definition
    package let steps: [CompiledStep]
    package let stages: [CompiledStage]
    /// The names of the data slots, in the order of the definition.
    package let slotNames: [String]
    package let slotTypes: [DataType]
    /// The data slots in the order of their names' bytes, as canonical JSON has them.
    let slotsByName: [Int]
    /// The steps in the order of their ids' bytes.
    let stepsByName: [Int]
    package let participantNames: [String]
    package let startSet: [CompiledAssignment]
    package let startKey: String
    package let deadlineMilliseconds: Int64?
    package let outcomes: [CompiledOutcome]

    /// Resolves the definition.
    ///
    /// - Throws: ``DefinitionFaults`` with everything that keeps it from running.
    package convenience init(_ definition: Definition) throws(DefinitionFaults) {
        var resolver = DefinitionResolver(definition)
        let parts = resolver.resolve()
        guard resolver.faults.isEmpty else { throw DefinitionFaults(faults: resolver.faults) }
        self.init(definition, parts)
    }

    private init(_ definition: Definition, _ parts: DefinitionResolver.Parts) {
        self.definition = definition
        steps = parts.steps
        stages = parts.stages
        slotNames = definition.data.map(\.name)
        slotTypes = definition.data.map(\.type)
        slotsByName = Self.indices(inOrderOf: definition.data.map(\.name))
        stepsByName = Self.indices(inOrderOf: parts.steps.map(\.id))
        participantNames = definition.participants.map(\.name)
        startSet = parts.startSet
        startKey = definition.start.key
        deadlineMilliseconds = definition.deadline?.milliseconds
        outcomes = parts.outcomes
    }

    private static func indices(inOrderOf names: [String]) -> [Int] {
        names.indices.sorted { names[$0].utf8.lexicographicallyPrecedes(names[$1].utf8) }
    }

    /// Finds a step by its id; `start` is step 0.
    package func index(ofStep id: String) -> Int? {
        steps.firstIndex { $0.id == id }
    }
}

/// A flow element: the step indices of each branch. A lone step is one branch of one step.
package struct CompiledStage: Sendable {
    package let branches: [[Int]]
    package let join: ParallelGroup.Join
}

/// A class, as the machine looks at steps for every input: a copy of the struct would touch a dozen reference counts.
package final class CompiledStep: Sendable {
    package let id: String
    package let idHash: UInt64
    package let kind: StepKind
    package let stage: Int
    package let `do`: CompiledCall?
    package let wait: CompiledWait?
    package let undo: CompiledCall?
    package let when: CompiledCondition?
    package let doPolicy: CompiledPolicy
    package let undoPolicy: CompiledPolicy

    init(
        id: String, kind: StepKind, stage: Int, do: CompiledCall?, wait: CompiledWait?, undo: CompiledCall?,
        when: CompiledCondition?, doPolicy: CompiledPolicy, undoPolicy: CompiledPolicy
    ) {
        self.id = id
        idHash = Derivation.hash(id)
        self.kind = kind
        self.stage = stage
        self.do = `do`
        self.wait = wait
        self.undo = undo
        self.when = when
        self.doPolicy = doPolicy
        self.undoPolicy = undoPolicy
    }

    /// Whether the step leaves something behind that a compensating saga must undo.
    package var hasEffect: Bool { kind == .compensatable || kind == .pivot }

    /// The call of that direction.
    package func call(_ direction: Direction) -> CompiledCall? {
        direction == .do ? self.do : undo
    }

    package func policy(_ direction: Direction) -> CompiledPolicy {
        direction == .do ? doPolicy : undoPolicy
    }
}

/// A command with its payload's template and what each of its replies does.
package final class CompiledCall: Sendable {
    package let participant: String
    package let participantIndex: Int
    package let name: String
    /// Sorted by field, as ``Record`` holds them.
    package let payload: [CompiledAssignment.Template]
    package let rules: [CompiledRule]

    init(
        participant: String, participantIndex: Int, name: String, payload: [CompiledAssignment.Template],
        rules: [CompiledRule]
    ) {
        self.participant = participant
        self.participantIndex = participantIndex
        self.name = name
        self.payload = payload
        self.rules = rules
    }
}

/// What a reply or an awaited event does.
package final class CompiledRule: Sendable {
    package let name: String
    package let isSuccess: Bool
    package let isUnclear: Bool
    package let verdict: ReplyRule.Verdict
    package let set: [CompiledAssignment]

    init(name: String, isSuccess: Bool, isUnclear: Bool, verdict: ReplyRule.Verdict, set: [CompiledAssignment]) {
        self.name = name
        self.isSuccess = isSuccess
        self.isUnclear = isUnclear
        self.verdict = verdict
        self.set = set
    }
}

/// What an `await` step waits for.
package final class CompiledWait: Sendable {
    package let rules: [CompiledRule]
    package let key: String
    package let correlation: CompiledExpression
    package let onTimeout: AwaitedEvents.TimeoutVerdict

    init(
        rules: [CompiledRule], key: String, correlation: CompiledExpression, onTimeout: AwaitedEvents.TimeoutVerdict
    ) {
        self.rules = rules
        self.key = key
        self.correlation = correlation
        self.onTimeout = onTimeout
    }
}

package struct CompiledOutcome: Sendable {
    package let name: String
    package let end: Outcome.End
    package let when: CompiledCondition?
}

/// A retry policy in whole milliseconds.
package struct CompiledPolicy: Sendable {
    package let timeout: Int64?
    package let attempts: Int?
    package let isExponential: Bool
    package let initial: Int64
    package let max: Int64
    package let jitterPercent: Int64

    package init(_ policy: RetryPolicy) {
        timeout = policy.timeout?.milliseconds
        attempts = policy.attempts
        isExponential = policy.backoff == .exponential
        initial = policy.initial.milliseconds
        max = policy.max.milliseconds
        jitterPercent = Int64(policy.jitterPercent)
    }

    package func isSpent(_ sends: UInt16) -> Bool {
        guard let attempts else { return false }
        return Int(sends) >= attempts
    }

    /// How long the reply to the `sends`-th send is waited for; nil waits for ever.
    package func wait(afterSend sends: UInt16) -> Int64? {
        guard let timeout else { return nil }
        return grown(timeout, times: sends &- 1, limit: Swift.max(timeout, max))
    }

    /// The pause before the next try, less its share of jitter.
    ///
    /// - Parameter entropy: any number that follows from (saga, step, direction, try).
    package func pause(afterSend sends: UInt16, entropy: UInt64) -> Int64 {
        let pause = grown(initial, times: sends &- 1, limit: max)
        let share = Int64(entropy % 1024)
        return pause - pause / 100 * jitterPercent * share / 1024
    }

    private func grown(_ base: Int64, times: UInt16, limit: Int64) -> Int64 {
        guard isExponential, base > 0 else { return Swift.min(base, limit) }
        // 2^40 milliseconds are 34 years; the shift stops there so that it cannot overflow.
        let doublings = Int64(Swift.min(times, 40 - UInt16(Swift.min(40, 63 - base.leadingZeroBitCount))))
        return Swift.min(base << doublings, limit)
    }
}

extension Duration {
    /// Whole milliseconds, rounded down; kept between 0 and 2^40 (34 years).
    package var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0 else { return 0 }
        guard seconds < 1 << 30 else { return 1 << 40 }
        return seconds * 1000 + attoseconds / 1_000_000_000_000_000
    }
}
