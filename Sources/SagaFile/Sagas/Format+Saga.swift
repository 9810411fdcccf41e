import SagaModel

extension Format where Value == SagaDraft {
    /// A saga file.
    static var saga: Format {
        .record(
            "saga", "A business action over several services: its steps, their compensations and its good ends.",
            .required("saga", .named(.saga), "The name, unique among sagas."),
            .required(
                "version", .located(.integer(1...1_000_000)), "Grows with every change of what the file means."),
            .optional("about", .text, "What the saga does, for people."),
            .required("start", .start, "What starts an instance."),
            .optional(
                "deadline", .located(.duration),
                "How long the whole saga may take: before the pivot it compensates then, after it an alarm is raised."),
            .required(
                "data", .fields, "The typed record that `set` fills and paths read; a `?` marks what may be absent."),
            .defaulted(
                "participants", .list(of: .participant), to: [],
                "Participants of this file alone; the shared ones stand under `participants/`."),
            .required("steps", .list(of: .flow), "The steps and parallel groups, in order."),
            .required("outcomes", .outcomes, "The good ends, at most 64, and what must be true there."),
            .defaulted("check", .bounds, to: Bounds(), "How far the checker looks."),
            .defaulted(
                "compat", .map(.version, to: .compatibility), to: [],
                "How the step ids of older versions map onto these."),
            .defaulted(
                "search", .list(of: .named(.field)), to: [], "The data fields instances can be found by."),
            .defaulted(
                "redact", .list(of: .named(.field)), to: [], "The data fields never shown or logged."),
            .optional("retention", .duration, "How long a finished instance and its history are kept.")
        ) {
            mark, name, version, _, start, deadline, data, participants, flow, outcomes, bounds, compatibility, search,
            redact, retention in
            SagaDraft(
                mark: mark, name: name, version: version, start: start, deadline: deadline, data: data,
                participants: participants, flow: flow, outcomes: outcomes, bounds: bounds,
                compatibility: compatibility, search: search, redact: redact, retention: retention)
        }
    }
}

extension Format where Value == StartDraft {
    fileprivate static var start: Format {
        .record(
            "start", "The event that starts an instance, and the undo of what it announced.",
            .required("event", .named(.eventType), "The event's type, such as `order.created`."),
            .required(
                "key", .named(.field), "The event's field that makes the instance unique, of type `id`."),
            .defaulted("set", .assignments, to: [], "What of the event goes into `data`."),
            .optional(
                "undo", .undo, "The undo of what the event announced; the last to run when the saga compensates."),
            .defaulted(
                "given", .map(.aggregateReference, to: .oneOrMore(.named(.state))), to: [],
                "The states in which the aggregates may be as the event is published, at most 256 combinations; for the checker."
            )
        ) { mark, event, key, set, undo, given in
            StartDraft(mark: mark, event: event, key: key, set: set, undo: undo, given: given)
        }
    }
}

extension Format where Value == [Named<OutcomeDraft>] {
    /// A mapping by name; or a list, which keeps its order where mappings are sorted, as in the canonical form.
    fileprivate static var outcomes: Format {
        let item = Format<Named<OutcomeDraft>>.record(
            "listed-outcome", "A good end with its name.",
            .required("outcome", .named(.outcome), "The name."),
            .required("end", .choice(of: "way of ending"), "Whether every step was done, or every effect undone."),
            .optional("when", .condition, "Chooses among outcomes of the same end; the first that holds wins.")
        ) { mark, name, end, when in
            Named(name: name, value: OutcomeDraft(mark: mark, end: end, when: when, require: nil))
        }
        return .either(
            .list(of: item), when: { if case .list = $0.content { true } else { false } },
            otherwise: .map(.outcome, to: .outcome, countMin: 1))
    }
}

extension Format where Value == OutcomeDraft {
    fileprivate static var outcome: Format {
        .record(
            "outcome", "A good end.",
            .optional("about", .text, "What it means, for people."),
            .required("end", .choice(of: "way of ending"), "Whether every step was done, or every effect undone."),
            .optional("when", .condition, "Chooses among outcomes of the same end; the first that holds wins."),
            .required(
                "require", .condition, "What must be true of the aggregates' states.", code: .outcomeWithoutRequire)
        ) { mark, _, end, when, require in
            OutcomeDraft(mark: mark, end: end, when: when, require: require)
        }
    }
}

extension Format where Value == Bounds {
    fileprivate static var bounds: Format {
        let standard = Bounds()
        return .record(
            "check", "How many faults of each kind one story of the checker may hold.",
            .defaulted(
                "timeouts", .integer(0...8), to: standard.timeouts,
                "Timers that fire although the answer is on its way."),
            .defaulted(
                "duplicates", .integer(0...8), to: standard.duplicates, "Messages that are delivered twice."),
            .defaulted("crashes", .integer(0...8), to: standard.crashes, "Crashes between two durable steps."),
            .defaulted(
                "losses", .integer(0...8), to: standard.losses, "Messages that end among the dead letters."),
            .defaulted(
                "attempts", .integer(1...8), to: standard.attempts,
                "Sends of one request before its attempts count as spent.")
        ) { _, timeouts, duplicates, crashes, losses, attempts in
            Bounds(
                timeouts: timeouts, duplicates: duplicates, crashes: crashes, losses: losses, attempts: attempts)
        }
    }
}

extension Format where Value == CompatibilityDraft {
    fileprivate static var compatibility: Format {
        .record(
            "compatibility", "What became of an older version's steps.",
            .defaulted(
                "rename", .map(.step, to: .named(.step)), to: [], "Old step id to new step id."),
            .defaulted(
                "removed", .list(of: .named(.step)), to: [], "Old steps that have no successor.")
        ) { _, renames, removed in CompatibilityDraft(renames: renames, removed: removed) }
    }
}
