import SagaModel

extension Format where Value == FlowDraft {
    /// A step, or a group of branches that run at once.
    static var flow: Format {
        let group = Format<FlowDraft>.record(
            "parallel", "Branches that run at once and are joined before the saga goes on.",
            .required("parallel", .group, "The branches and how they are joined.")
        ) { mark, group in .parallel(branches: group.branches, join: group.join, mark) }
        return .either(group, when: { $0["parallel"] != nil }, otherwise: Format<StepDraft>.step.map { .step($0) })
    }
}

/// The branches of a parallel group.
private struct GroupDraft: Sendable {
    let branches: [[StepDraft]]
    let join: ParallelGroup.Join
}

extension Format where Value == GroupDraft {
    fileprivate static var group: Format {
        .record(
            "group", "The branches of a parallel group.",
            .required(
                "branches", .list(of: .list(of: .step), countMin: 2), "Two branches or more, each a list of steps."),
            .defaulted(
                "join", .choice(of: "join"), to: .all,
                "`all` awaits the steps in flight when a branch fails; `fail-fast` undoes them at once.")
        ) { _, branches, join in GroupDraft(branches: branches, join: join) }
    }
}

extension Format where Value == StepDraft {
    static var step: Format {
        .record(
            "step", "One step of a saga: a command or a wait, and what undoes it.",
            .required("id", .named(.step), "The stable name; running instances and histories hold it."),
            .required("kind", .located(.choice(of: "kind of step")), "What the step promises."),
            .optional("about", .text, "What it does, for people."),
            .optional("when", .condition, "The step is passed over when this is false as it comes up."),
            .optional("do", .call, "The command that does it."),
            .optional("await", .await, "The events it waits for, instead of `do`."),
            .defaulted(
                "on", .map(.answer, to: .rule), to: [],
                "What each reply or event does; every failure is named, and every success when there are several."),
            .optional("undo", .undo, "The command that undoes it; it needs no data of the step's own reply."),
            .optional("timeout", .located(.timeout), "How long one request is waited for, or `never`."),
            .optional("retry", .retry, "How often and after which pauses it is sent.")
        ) { mark, id, kind, _, when, call, wait, on, undo, timeout, retry in
            StepDraft(
                mark: mark, id: id, kind: kind, send: call, await: wait, undo: undo, when: when, on: on,
                wait: WaitDraft(timeout: timeout, retry: retry))
        }
    }
}

extension Format where Value == CallDraft {
    fileprivate static var call: Format {
        .record(
            "call", "A command to a participant.",
            .required("send", .named(.commandType), "The command, such as `kitchen.CreateTicket`."),
            .defaulted("with", .assignments, to: [], "The payload, field by field.")
        ) { mark, send, with in
            CallDraft(mark: mark, command: send, with: with, wait: WaitDraft(timeout: nil, retry: nil))
        }
    }

    static var undo: Format {
        .record(
            "undo", "A command that undoes; it is repeated until it is done.",
            .required("send", .named(.commandType), "The command, such as `kitchen.CancelTicket`."),
            .defaulted("with", .assignments, to: [], "The payload, field by field."),
            .optional("timeout", .located(.timeout), "How long one request is waited for."),
            .optional("retry", .retry, "How often and after which pauses it is sent.")
        ) { mark, send, with, timeout, retry in
            CallDraft(mark: mark, command: send, with: with, wait: WaitDraft(timeout: timeout, retry: retry))
        }
    }
}

extension Format where Value == AwaitDraft {
    fileprivate static var await: Format {
        .record(
            "await", "A wait for an event of others.",
            .required("events", .oneOrMore(.named(.eventType)), "The types; the first to come ends the wait."),
            .required("key", .named(.field), "The events' field that finds the instance."),
            .required("equals", .located(.path), "The path whose value the field must equal, of the field's type."),
            .defaulted(
                "on-timeout", .choice(of: "end of a wait"), to: .fail,
                "Whether the step fails when the timeout has passed, or the saga goes on without the event.")
        ) { mark, events, key, equals, onTimeout in
            AwaitDraft(mark: mark, events: events, key: key, correlation: equals, onTimeout: onTimeout)
        }
    }
}

extension Format where Value == String {
    /// A path alone, such as `data.orderId`.
    fileprivate static var path: Format {
        .word(.text(pattern: "^(data|saga)\\.[a-z][a-zA-Z0-9.]*$"), expected: "a path") { word, report in
            if case .path(let path)? = ExpressionDraft(word: word) { return path.value }
            report.add(.badPath, at: word.mark, "`\(word.value)` is not a path")
            return nil
        }
    }
}

extension Format where Value == RuleDraft {
    /// What a reply does: a verdict alone, or a verdict and what it sets.
    fileprivate static var rule: Format {
        let verdict = Format<ReplyRule.Verdict>.choice(of: "verdict")
        let whole = Format.record(
            "rule", "What a reply or an event does.",
            .defaulted("set", .assignments, to: [], "What of it goes into `data`."),
            .optional(
                "then", verdict,
                "`proceed`, `fail`, or `retry` for a new request; left out, a success proceeds and a failure fails.")
        ) { _, set, verdict in RuleDraft(set: set, verdict: verdict) }
        return .either(
            whole, when: { if case .mapping = $0.content { true } else { false } },
            otherwise: verdict.map { RuleDraft(set: [], verdict: $0) })
    }
}

extension Format where Value == TimeoutDraft {
    fileprivate static var timeout: Format {
        .either(
            Format<NoTimeout>.choice(of: "timeout").map { _ in .never }, when: { $0.isWord("never") },
            otherwise: Format<Duration>.duration.map { .after($0) })
    }
}

extension Format where Value == RetryDraft {
    fileprivate static var retry: Format {
        let attempts = Format<AttemptsDraft>.either(
            Format<Forever>.choice(of: "number of attempts").map { _ in .forever }, when: { $0.isWord("forever") },
            otherwise: Format<Int>.integer(1...10_000).map { .most($0) })
        return .record(
            "retry", "How often a request is sent and how long the pauses are.",
            .optional(
                "attempts", .located(attempts),
                "Sends at most, the first included; `forever` only where nothing may fail."),
            .optional("backoff", .choice(of: "back-off"), "Whether the pauses stay or double."),
            .optional("initial", .duration, "The first pause before a new try."),
            .optional("max", .duration, "The longest pause."),
            .optional("jitter", .integer(0...100), "The share of a pause that varies, in hundredths.")
        ) { mark, attempts, backoff, initial, max, jitter in
            RetryDraft(
                mark: mark, attempts: attempts, backoff: backoff, initial: initial, max: max, jitterPercent: jitter)
        }
    }
}

/// The word that stands for no timeout.
private enum NoTimeout: String, CaseIterable, Sendable {
    case never
}

/// The word that stands for no limit of attempts.
private enum Forever: String, CaseIterable, Sendable {
    case forever
}

extension Node {
    fileprivate func isWord(_ word: String) -> Bool {
        if case .scalar(word, _) = content { true } else { false }
    }
}
