package import SagaModel

/// Sagas, the participants they speak to, and the faults allowed: what a search goes through.
package struct World: Sendable {
    package let sagas: [SagaInWorld]
    package let aggregates: [AggregateModel]
    package let commands: [CommandModel]
    /// The types of events that some saga waits for.
    package let events: [String]
    package let bounds: Bounds
    package let rules: ProtocolRules
    /// The aggregates' values in which a story may begin.
    package let beginnings: [[AggregateValue]]
    /// The messages of which not every payload that guards tell apart is looked at, so that nothing can be proven.
    package let cutMessages: [String]

    /// How often an operator retries a stuck saga in one story. He is patient: he acts only when nothing else can.
    package static let operatorRetryCountMax = 2
    /// How often commands fail in one story with failures that their steps say are to be tried again.
    package static let failureCountMax = 1

    /// Puts sagas into one world; those of the same participants meet on the same aggregates.
    ///
    /// - Parameters:
    ///   - bounds: Nil for the first saga's own.
    ///   - versions: Definitions that payloads are to show every side of their guards too.
    /// - Throws: ``DefinitionFaults`` of the first definition that does not compile.
    package init(
        _ definitions: [Definition], bounds: Bounds? = nil, rules: ProtocolRules = .full, versions: [Definition] = []
    ) throws(DefinitionFaults) {
        var builder = WorldBuilder(bounds: bounds ?? definitions.first?.bounds ?? Bounds(), versions: versions)
        for definition in definitions { try builder.add(definition) }
        sagas = builder.sagas
        aggregates = builder.aggregates
        commands = builder.commands
        events = builder.events
        beginnings = builder.beginnings(of: definitions)
        cutMessages = builder.cutMessages
        self.bounds = builder.bounds
        self.rules = rules
    }
}

/// A saga of a world.
package struct SagaInWorld: Sendable {
    /// The definition as its author wrote it.
    package let original: Definition
    /// The definition with its attempts cut down to the bounds.
    package let definition: CompiledDefinition
    /// The payloads that its start event may have; more than one where a guard looks at them.
    package let starts: [Record]
    /// By step index.
    package let steps: [StepInWorld]
    /// By outcome index; nil where the outcome requires nothing.
    let requirements: [StateCondition?]
    /// By aggregate: the pending states, as a bit set, that the saga's commands enter or leave. Others are not its own.
    let locks: [UInt64]
    /// The data slots that can change nothing but payloads.
    let unreadSlots: [Int]

    /// The instance without the data that tells it from others that do the same for ever.
    func withoutUnreadData(_ instance: Instance) -> Instance {
        guard !instance.data.isEmpty else { return instance }
        var instance = instance
        for slot in unreadSlots { instance.data[slot] = nil }
        return instance
    }
}

/// A step of a saga of a world.
package struct StepInWorld: Sendable {
    package let `do`: CallModel?
    package let undo: CallModel?
    /// The world's events it waits for, each with every payload a guard may tell apart.
    let awaited: [(event: Int, payloads: [Record])]

    package func call(_ direction: Direction) -> CallModel? {
        direction == .do ? self.do : undo
    }
}
