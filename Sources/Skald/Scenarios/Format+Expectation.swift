import SagaFile
import SagaModel

extension Format where Value == ExpectationDraft {
    static var expectation: Format {
        .record(
            "expectation", "What is expected after something has happened; every key that stands here must hold.",
            .optional("in", .named(.saga), "The saga spoken of, if not the first."),
            .optional("sends", .sends, "Exactly these commands are sent, in this order; or `nothing`."),
            .optional("with", .node, "What the payload of the command under `sends` holds, among others."),
            .defaulted("payloads", .map(.commandType, to: .node), to: [], "The same for several commands."),
            .optional(
                "requests", .choice(of: "kind of request"),
                "Whether they are sent with a new id or with one sent before."),
            .optional("ignored", .text, "What happened changes nothing; the reason in words, or `anyhow`."),
            .optional("stuck", .named(.step), "The saga waits for a person at this step."),
            .optional("because", .text, "The reason why it is stuck, in words."),
            .optional("alarm", .choice(of: "alarm"), "A person is told, but the saga goes on."),
            .optional("ends", .named(.outcome), "The saga ends with this outcome."),
            .optional("state", .choice(of: "situation"), "The saga waits for something, or is over."),
            .optional("data", .node, "The fields of the data that have these values; `null` stands for absent too."),
            .defaulted(
                "states", .map(.aggregateReference, to: .oneOrMore(.named(.state))), to: [],
                "The states that aggregates may be in."),
            .optional("promise", .choice(of: "promise"), "What the outcome requires holds."),
            .optional("undone", .step, "The step's effect is undone, or was never there."),
            .optional("unlocked", .named(.aggregateReference), "The aggregate is in no pending state."),
            .optional("undoes", .choice(of: "word"), "Nothing is undone by what happened.")
        ) {
            mark, saga, sends, with, payloads, requests, ignored, stuck, because, alarm, ends, state, data, states,
            promise, undone, unlocked, undoes in
            ExpectationDraft(
                mark: mark, saga: saga, sends: sends, with: with, payloads: payloads, requests: requests,
                ignored: ignored, stuck: stuck, because: because, alarm: alarm, ends: ends, state: state, data: data,
                states: states, promise: promise, undone: undone, unlocked: unlocked, undoes: undoes)
        }
    }
}

extension Format where Value == [Located<String>] {
    /// Commands, or `nothing`.
    fileprivate static var sends: Format {
        .either(
            Format<ExpectationDraft.Nothing>.choice(of: "command").map { _ in [] },
            when: { if case .scalar("nothing", _) = $0.content { true } else { false } },
            otherwise: .oneOrMore(.named(.commandType)))
    }
}
