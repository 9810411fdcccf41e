/// What starts a saga: an event, the field that makes the instance unique, and the undo of what the event announced.
package struct Start: Sendable, Hashable {
    /// The id under which the start appears where steps are named, on the wire (`skald-step`) too; no step may take it.
    package static let stepID = "start"

    /// The event's type, such as `order.created`.
    package var event: String
    /// The field of the event's payload whose value, with the definition's name, makes an instance unique.
    package var key: String
    /// What of the event goes into `data`; fields of the same name and no mapping are not copied by themselves.
    package var set: [Assignment]
    /// The undo of what the event announced; it is the last to run when the saga compensates.
    package var undo: CommandCall?
    /// How the undo waits and repeats.
    package var undoRetry: RetryPolicy
    /// The states in which the aggregates may be when the event is emitted; the checker starts from each combination.
    package var given: [StartState]

    package init(
        event: String, key: String, set: [Assignment] = [], undo: CommandCall? = nil,
        undoRetry: RetryPolicy = .compensation, given: [StartState] = []
    ) {
        self.event = event
        self.key = key
        self.set = set
        self.undo = undo
        self.undoRetry = undoRetry
        self.given = given
    }
}

/// The states one aggregate may be in when a saga starts; an aggregate without an entry is in its initial state.
package struct StartState: Sendable, Hashable {
    package var aggregate: AggregateName
    package var states: [String]

    package init(aggregate: AggregateName, states: [String]) {
        self.aggregate = aggregate
        self.states = states
    }
}
