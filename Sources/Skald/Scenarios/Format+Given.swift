import SagaCheck
import SagaFile
import SagaModel

extension Format where Value == GivenDraft {
    /// What happens: a mapping with one of these keys, and those that belong to it.
    static var given: Format {
        .oneOf(
            "what happens",
            [
                ("start", start), ("handled", handled), ("repeated", repeated), ("taken", taken), ("forged", forged),
                ("reply", reply), ("silence", silence), ("deadline", deadline), ("lost-command", lostCommand),
                ("lost-reply", lostReply), ("order", order), ("event", event), ("move", move), ("pause", pause),
                ("resume", resume),
            ])
    }

    private static var start: Format {
        .record(
            "given-start", "The event that starts the saga arrives.",
            .required("start", .named(.saga), "The saga."),
            .optional("with", .node, "The event's payload; one that fits if left out.")
        ) { _, saga, with in .start(saga: saga, with: with) }
    }

    private static var reply: Format {
        .record(
            "given-reply", "The participant handles the command, unless it has before, and the saga takes the reply.",
            .required("reply", .named(.reply), "The reply."),
            .required("to", .step, "The step whose command it answers."),
            .optional("with", .node, "The reply's payload; one that fits if left out.")
        ) { _, reply, step, with in .reply(reply, to: step, with: with) }
    }

    private static var forged: Format {
        .record(
            "given-forged", "A reply arrives that nobody in this world has sent.",
            .required("forged", .named(.reply), "The reply."),
            .required("to", .step, "The step it pretends to answer."),
            .optional("sender", .named(.participant), "Who sends it, if not the participant that was asked."),
            .optional("try", .integer(1...9_999), "The try it pretends to answer."),
            .optional("with", .node, "The reply's payload.")
        ) { _, reply, step, sender, attempt, with in
            .forged(reply, to: step, sender: sender, attempt: attempt, with: with)
        }
    }

    private static var order: Format {
        .record(
            "given-order", "A person decides about the saga.",
            .required("order", .choice(of: "order"), "What is ordered."),
            .optional("step", .named(.step), "The step meant, where several could be."),
            .optional("in", .named(.saga), "The saga, if not the first."),
            .defaulted("who", .text, to: "operator", "Who orders it."),
            .defaulted("reason", .text, to: "told by the scenario", "Why.")
        ) { _, action, step, saga, who, reason in .order(action, step: step, saga: saga, who: who, reason: reason) }
    }

    private static var event: Format {
        .record(
            "given-event", "An event that a step waits for reaches the saga.",
            .required("event", .named(.eventType), "The event's type."),
            .optional("in", .named(.saga), "The saga, if not the first."),
            .optional("with", .node, "The event's payload; one that fits and belongs to the saga if left out.")
        ) { _, event, saga, with in .event(event, saga: saga, with: with) }
    }

    private static var move: Format {
        .record(
            "given-move", "An aggregate changes by itself.",
            .required("move", .named(.move), "The move, as the participant's file names it."),
            .required("of", .named(.aggregateReference), "The aggregate.")
        ) { _, move, aggregate in .move(move, of: aggregate) }
    }
}

// MARK: Messages one by one

extension Format where Value == GivenDraft {
    private static var handled: Format {
        .record(
            "given-handled", "The participant handles the command; its reply is under way then.",
            .required("handled", .step, "The step whose command it is."),
            .optional("reply", .named(.reply), "How it answers; with the first success if left out."),
            .optional("with", .node, "The reply's payload; one that fits if left out."), .fate,
            .defaulted(
                "effect", .choice(of: "effect"), to: .none,
                "What the command did, where the reply is one of its `unclear` failures: nothing if left out.")
        ) { _, step, reply, with, fate, effect in .handled(step, reply: reply, with: with, fate, effect) }
    }

    private static var repeated: Format {
        .record(
            "given-repeated", "The participant gets the command again.",
            .required("repeated", .step, "The step whose command it is."), .fate
        ) { _, step, fate in .repeated(step, fate) }
    }

    private static var taken: Format {
        .record(
            "given-taken", "The saga takes a reply that is under way.",
            .required("taken", .step, "The step whose command it answers."), .fate
        ) { _, step, fate in .taken(step, fate) }
    }

    private static var silence: Format {
        .record(
            "given-silence", "The timer of the step fires: no reply has come in time.",
            .required("silence", .step, "The step."), .fate
        ) { _, step, fate in .silence(step, fate) }
    }

    private static var deadline: Format {
        .record(
            "given-deadline", "The deadline of the whole saga passes.",
            .required("deadline", .named(.saga), "The saga.")
        ) { _, saga in .deadline(saga: saga) }
    }

    private static var lostCommand: Format {
        .record(
            "given-lost-command", "A command ends among the dead letters.",
            .required("lost-command", .step, "The step whose command it is.")
        ) { _, step in .lostCommand(step) }
    }

    private static var lostReply: Format {
        .record(
            "given-lost-reply", "A reply ends among the dead letters.",
            .required("lost-reply", .step, "The step whose command it answers.")
        ) { _, step in .lostReply(step) }
    }

    private static var pause: Format {
        .record(
            "given-pause", "A participant takes no commands for a while.",
            .required("pause", .named(.participant), "The participant.")
        ) { _, participant in .pause(participant) }
    }

    private static var resume: Format {
        .record(
            "given-resume", "A participant takes commands again.",
            .required("resume", .named(.participant), "The participant.")
        ) { _, participant in .resume(participant) }
    }
}

/// What a command did that was answered with an unclear failure, as files say it.
enum EffectWord: String, CaseIterable, Sendable {
    case none
    case done
}

/// What becomes of a message besides being handled, as files say it.
enum FateWord: String, CaseIterable, Sendable {
    case plain
    case duplicated
    case crashedBeforePublishing = "crashed-before-publishing"
    case crashedAfterPublishing = "crashed-after-publishing"

    var fate: Occurrence.Fate {
        switch self {
        case .plain: .plain
        case .duplicated: .duplicated
        case .crashedBeforePublishing: .crashedBeforePublishing
        case .crashedAfterPublishing: .crashedAfterPublishing
        }
    }

    init(_ fate: Occurrence.Fate) {
        switch fate {
        case .plain: self = .plain
        case .duplicated: self = .duplicated
        case .crashedBeforePublishing: self = .crashedBeforePublishing
        case .crashedAfterPublishing: self = .crashedAfterPublishing
        }
    }
}

extension Key where Value == Occurrence.Fate {
    fileprivate static var fate: Key {
        .defaulted(
            "fate", Format<FateWord>.choice(of: "fate").map { $0.fate }, to: .plain,
            "What becomes of the message besides: it is delivered twice, or whoever handles it crashes.")
    }
}
