import SagaModel

extension Format where Value == ParticipantDraft {
    /// A participant file: what a service promises to the sagas.
    static var participant: Format {
        .record(
            "participant", "A service as the sagas see it: its state machines, commands, replies and events.",
            .required("participant", .named(.participant), "The name that commands are addressed to."),
            .optional("about", .text, "What the service is for, for people."),
            .required(
                "queue", .named(.queue), "The queue that takes the commands, such as `kitchen.commands`.",
                code: .queueUndeclared),
            .defaulted(
                "types", .map(.type, to: .fields), to: [],
                "Record types that payloads share; other files name them `participant.Type`."),
            .defaulted("aggregates", .map(.aggregate, to: .aggregate), to: [], "The state machines it owns."),
            .defaulted("commands", .map(.command, to: .command), to: [], "What it can be asked to do."),
            .defaulted("replies", .map(.reply, to: .fields), to: [], "Its answers and their payloads."),
            .defaulted("events", .map(.eventType, to: .fields), to: [], "What it publishes and the payloads."),
            .defaulted(
                "subscribes", .list(of: .named(.eventType)), to: [], "The events of others that it wants to hear of.")
        ) { _, name, _, queue, types, aggregates, commands, replies, events, subscriptions in
            ParticipantDraft(
                name: name, queue: queue, types: types, aggregates: aggregates, commands: commands, replies: replies,
                events: events, subscriptions: subscriptions)
        }
    }
}

extension Format where Value == AggregateDraft {
    static var aggregate: Format {
        .record(
            "aggregate", "The state machine of one kind of thing that the participant owns.",
            .required("states", .list(of: .named(.state)), "Every state it can be in, at most 64."),
            .optional(
                "initial", .named(.state), "The state before anything happened; the first one if left out."),
            .defaulted(
                "pending", .list(of: .named(.state)), to: [],
                "The states that lock it for a saga: none may outlive its saga; entering one remembers the state left."),
            .defaulted("moves", .map(.move, to: .move), to: [], "What happens to it without a saga.")
        ) { _, states, initial, pending, moves in
            AggregateDraft(states: states, initial: initial ?? states[0], pending: pending, moves: moves)
        }
    }
}

extension Format where Value == MoveDraft {
    fileprivate static var move: Format {
        .record(
            "move", "A change of state that no saga asks for.",
            .required("from", .oneOrMore(.named(.state)), "The states it starts from."),
            .required("to", .named(.state), "The state it leads to."),
            .optional("emits", .named(.eventType), "The event published with it.")
        ) { _, from, to, emits in MoveDraft(from: from, to: to, emits: emits) }
    }
}

extension Format where Value == CommandDraft {
    static var command: Format {
        .record(
            "command", "Something the participant can be asked to do.",
            .optional("about", .text, "What it does, for people."),
            .optional("aggregate", .named(.aggregate), "The state machine it reads or changes."),
            .required(
                "key", .named(.field), "The payload field that names the aggregate; one key is served in order."),
            .required("payload", .fields, "The fields it takes and their types."),
            .defaulted(
                "transitions", .list(of: .transition), to: [],
                "What it makes of each state; a state that is not named refuses the command. None: it is allowed always."
            ),
            .required(
                "ok", .oneOrMore(.named(.reply)),
                "The replies that mean it was done; the first is the usual one."),
            .defaulted(
                "fail", .oneOrMore(.named(.reply)), to: [],
                "The replies that mean it was refused and changed nothing."),
            .defaulted(
                "unclear", .oneOrMore(.named(.reply)), to: [],
                "The failures after which nobody knows whether there was an effect; the step is undone then, so its undo has to take both."
            ),
            .optional(
                "refuse", .named(.reply),
                "The failure given when the state does not allow it; the first if left out."),
            .optional(
                "undoes", .named(.command),
                "The command of this participant that it undoes; the fence joins the two.")
        ) { mark, _, aggregate, key, payload, transitions, ok, fail, unclear, refuse, undoes in
            CommandDraft(
                mark: mark, aggregate: aggregate, key: key, payload: payload, transitions: transitions, successes: ok,
                failures: fail, unclear: unclear, refusal: refuse, undoes: undoes)
        }
    }
}

extension Format where Value == TransitionDraft {
    fileprivate static var transition: Format {
        .record(
            "transition", "What a command makes of the state it meets.",
            .required("from", .oneOrMore(.named(.state)), "The states it is allowed in."),
            .required(
                "to", .named(.state),
                "The state it leads to; `remembered` is the one left for the pending state, `unchanged` the present one."
            ),
            .optional(
                "reply", .named(.reply),
                "The success it is answered with; left out, the first, or one that no transition names.")
        ) { mark, from, to, reply in TransitionDraft(mark: mark, from: from, to: to, reply: reply) }
    }
}
