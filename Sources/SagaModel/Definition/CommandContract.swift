/// What a participant promises about one of its commands.
package struct CommandContract: Sendable, Hashable {
    /// The name without the participant, such as `CreateTicket`.
    package var name: String
    /// The aggregate it reads or changes; nil for a command that touches none.
    package var aggregate: String?
    /// The payload field that names the aggregate: commands of one key run in order of arrival.
    package var key: String
    package var payload: [Field]
    /// The states it is allowed in and what it makes of them; empty means it is allowed always and changes nothing.
    package var transitions: [Transition]
    /// The replies that mean it was done; the first is given where a transition names none.
    package var successes: [ReplyContract]
    /// The replies that mean it was refused for a business reason and changed nothing.
    package var failures: [ReplyContract]
    /// The failure given when no transition allows the state; nil means the first failure.
    package var refusal: String?
    /// The command of the same participant that this one undoes.
    package var undoes: String?

    package init(
        name: String, aggregate: String? = nil, key: String, payload: [Field], transitions: [Transition] = [],
        successes: [ReplyContract], failures: [ReplyContract] = [], refusal: String? = nil, undoes: String? = nil
    ) {
        self.name = name
        self.aggregate = aggregate
        self.key = key
        self.payload = payload
        self.transitions = transitions
        self.successes = successes
        self.failures = failures
        self.refusal = refusal
        self.undoes = undoes
    }

    /// The type on the wire of a command of `participant`.
    package func type(of participant: String) -> String { participant + "." + name }
}

/// A change of state that a command makes.
package struct Transition: Sendable, Hashable {
    package enum Target: Sendable, Hashable {
        case state(String)
        /// The state that was left when the present pending state was entered.
        case remembered
        /// The state stays as it is.
        case unchanged
    }

    package var from: [String]
    package var to: Target
    /// The success it is answered with; nil means the command's first.
    package var reply: String?

    package init(from: [String], to: Target, reply: String? = nil) {
        self.from = from
        self.to = to
        self.reply = reply
    }
}

/// A reply of a command: its name and payload.
package struct ReplyContract: Sendable, Hashable {
    /// What a failure says about the effect of the command.
    package enum Certainty: String, Sendable, Hashable, CaseIterable {
        /// The command changed nothing.
        case clear
        /// The participant does not know whether there was an effect, so the step is undone like one that timed out.
        case unclear
    }

    /// The name without the participant, such as `TicketCreated`.
    package var name: String
    package var payload: [Field]
    /// Only failures are ever unclear.
    package var certainty: Certainty

    package init(name: String, payload: [Field] = [], certainty: Certainty = .clear) {
        self.name = name
        self.payload = payload
        self.certainty = certainty
    }
}

/// An event that a participant publishes.
package struct EventContract: Sendable, Hashable {
    /// The full type, such as `order.created`.
    package var type: String
    package var payload: [Field]

    package init(type: String, payload: [Field]) {
        self.type = type
        self.payload = payload
    }
}
