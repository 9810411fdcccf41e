/// A saga as data: its steps, their compensations, its good ends and what it needs of others.
///
/// This is the form in memory that the file format maps onto one to one. It names everything by string so that a
/// person, a diff and an error message can speak about it; ``CompiledDefinition`` is the dense form that runs.
package struct Definition: Sendable, Hashable {
    /// The name that is unique among sagas, such as `create-order`.
    package var name: String
    /// The number that grows with every change of content; an instance stays with the content that started it.
    package var version: Int
    /// What starts an instance, and the undo of what existed before its first step.
    package var start: Start
    /// How long the whole saga may take: before the pivot it compensates, after it an alarm is raised.
    package var deadline: Duration?
    /// The typed record that `set` fills and `with` reads: the only state a definition can change.
    package var data: [Field]
    /// The participants that the steps speak to, resolved from their own files.
    package var participants: [Participant]
    /// The steps and parallel groups, in order.
    package var flow: [Flow]
    /// The good ends, one for each way of ending at least.
    package var outcomes: [Outcome]
    /// How far the checker looks.
    package var bounds: Bounds
    /// How older versions' step ids map onto this one's.
    package var compatibility: [Compatibility]
    /// The data fields that the tool can search instances by.
    package var search: [String]
    /// The data fields that logs and screens must not show.
    package var redact: [String]
    /// How long a finished instance and its history are kept.
    package var retention: Duration?

    package init(
        name: String, version: Int, start: Start, deadline: Duration? = nil, data: [Field],
        participants: [Participant], flow: [Flow], outcomes: [Outcome], bounds: Bounds = Bounds(),
        compatibility: [Compatibility] = [], search: [String] = [], redact: [String] = [], retention: Duration? = nil
    ) {
        self.name = name
        self.version = version
        self.start = start
        self.deadline = deadline
        self.data = data
        self.participants = participants
        self.flow = flow
        self.outcomes = outcomes
        self.bounds = bounds
        self.compatibility = compatibility
        self.search = search
        self.redact = redact
        self.retention = retention
    }

    /// Every step in the order of the text, those of parallel groups included.
    package var steps: [Step] {
        flow.flatMap { element in
            switch element {
            case .step(let step): [step]
            case .parallel(let group): group.branches.flatMap { $0 }
            }
        }
    }

    /// Finds a participant by its name.
    package func participant(named name: String) -> Participant? {
        participants.first { $0.name == name }
    }
}

/// Maps the step ids of an older version onto those of the definition it stands in.
package struct Compatibility: Sendable, Hashable {
    /// The older version spoken about.
    package var version: Int
    /// Old step id to new step id, for steps that only changed their name.
    package var renames: [String: String]

    package init(version: Int, renames: [String: String]) {
        self.version = version
        self.renames = renames
    }
}
