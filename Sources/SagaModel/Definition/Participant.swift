/// A service as the sagas see it: its aggregates' state machines, its commands and its events.
///
/// The checker runs these machines in place of the service, so a test of the service holds its code against them.
package struct Participant: Sendable, Hashable {
    /// The name that commands are addressed to and that the broker's user carries, such as `kitchen`.
    package var name: String
    /// The queue that takes its commands.
    package var queue: String
    package var aggregates: [Aggregate]
    package var commands: [CommandContract]
    package var events: [EventContract]
    /// The events of others that it wants to hear of.
    package var subscriptions: [String]
    /// Named record types that payloads share, such as `LineItem`.
    package var types: [RecordType]

    package init(
        name: String, queue: String? = nil, aggregates: [Aggregate], commands: [CommandContract],
        events: [EventContract] = [], subscriptions: [String] = [], types: [RecordType] = []
    ) {
        self.name = name
        self.queue = queue ?? name + ".commands"
        self.aggregates = aggregates
        self.commands = commands
        self.events = events
        self.subscriptions = subscriptions
        self.types = types
    }

    /// Finds an aggregate by its name.
    package func aggregate(named name: String) -> Aggregate? {
        aggregates.first { $0.name == name }
    }

    /// Finds a command by its name.
    package func command(named name: String) -> CommandContract? {
        commands.first { $0.name == name }
    }
}

/// An aggregate named within all participants, such as `kitchen.ticket`.
package struct AggregateName: Sendable, Hashable, CustomStringConvertible {
    package var participant: String
    package var aggregate: String

    package init(participant: String, aggregate: String) {
        self.participant = participant
        self.aggregate = aggregate
    }

    package var description: String { participant + "." + aggregate }
}

/// The state machine of one kind of thing that a participant owns.
package struct Aggregate: Sendable, Hashable {
    package var name: String
    package var states: [String]
    /// The state before anything happened, usually `none`.
    package var initial: String
    /// The states that lock the aggregate for a saga (`…_PENDING`): none may outlive its saga, and entering one
    /// remembers the state that was left.
    package var pending: [String]
    /// What happens to the aggregate without a saga, such as the kitchen accepting a ticket.
    package var moves: [SpontaneousMove]

    package init(
        name: String, states: [String], initial: String = "none", pending: [String] = [],
        moves: [SpontaneousMove] = []
    ) {
        self.name = name
        self.states = states
        self.initial = initial
        self.pending = pending
        self.moves = moves
    }
}

/// A change of state that no saga asked for.
package struct SpontaneousMove: Sendable, Hashable {
    /// What people call it, such as `accept`.
    package var name: String
    package var from: [String]
    package var to: String
    /// The event it emits, if any, such as `kitchen.TicketAccepted`.
    package var emits: String?

    package init(name: String, from: [String], to: String, emits: String? = nil) {
        self.name = name
        self.from = from
        self.to = to
        self.emits = emits
    }
}
