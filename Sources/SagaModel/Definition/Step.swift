/// One place in the order of a saga: a step, or several branches at once.
package enum Flow: Sendable, Hashable {
    case step(Step)
    case parallel(ParallelGroup)
}

/// Branches that run at once and are joined before the saga goes on.
package struct ParallelGroup: Sendable, Hashable {
    /// What one branch's failure means for the others.
    package enum Join: String, Sendable, Hashable, CaseIterable {
        /// The other branches' steps in flight are awaited, then the saga compensates.
        case all
        /// The saga compensates at once; steps in flight count as in doubt and are undone too.
        case failFast = "fail-fast"
    }

    /// The steps of each branch, in order.
    package var branches: [[Step]]
    package var join: Join

    package init(branches: [[Step]], join: Join = .all) {
        self.branches = branches
        self.join = join
    }
}

/// What a step promises, and so what the machine may do when it fails.
package enum StepKind: String, Sendable, Hashable, CaseIterable {
    /// Has no effect, may fail, is never undone.
    case check
    /// Has an effect, may fail, is undone when the saga compensates.
    case compensatable
    /// Decides the saga: before its success the saga may compensate, after it the saga only goes forward.
    case pivot
    /// Comes after the pivot (or needs none), cannot fail for business reasons, is repeated until it is done.
    case retriable
}

/// One step of a saga.
package struct Step: Sendable, Hashable {
    /// The stable name of the step; histories and running instances hold it, so a rename is declared.
    package var id: String
    package var kind: StepKind
    /// What the step does.
    package var action: StepAction
    /// The command that undoes it; it must not need data of the step's own reply, which may never have come.
    package var undo: CommandCall?
    /// When false as the step comes up, the step is passed over.
    package var when: Condition?
    /// What each reply or awaited event does beyond its default.
    package var on: [ReplyRule]
    /// How the step waits and repeats.
    package var retry: RetryPolicy
    /// How its undo waits and repeats.
    package var undoRetry: RetryPolicy

    package init(
        id: String, kind: StepKind, action: StepAction, undo: CommandCall? = nil, when: Condition? = nil,
        on: [ReplyRule] = [], retry: RetryPolicy = .step, undoRetry: RetryPolicy = .compensation
    ) {
        self.id = id
        self.kind = kind
        self.action = action
        self.undo = undo
        self.when = when
        self.on = on
        self.retry = retry
        self.undoRetry = undoRetry
    }
}

/// What a step does: sends a command and waits for its reply, or waits for events of others.
package enum StepAction: Sendable, Hashable {
    case send(CommandCall)
    /// Waits until one of the events of the step's `on` rules has come, or until ``RetryPolicy/timeout`` has passed.
    case await(AwaitedEvents)
}

/// A command to a participant with its payload.
package struct CommandCall: Sendable, Hashable {
    package var participant: String
    /// The command's name without the participant, such as `CreateTicket`.
    package var command: String
    /// The payload, field by field.
    package var with: [Assignment]

    package init(participant: String, command: String, with: [Assignment] = []) {
        self.participant = participant
        self.command = command
        self.with = with
    }

    /// The type on the wire, such as `kitchen.CreateTicket`.
    package var type: String { participant + "." + command }
}

/// The events a step waits for, and how they find their instance.
package struct AwaitedEvents: Sendable, Hashable {
    /// The types, such as `kitchen.TicketAccepted`; each has a rule of its own when it does more than let the step go on.
    package var events: [String]
    /// The field of the events' payload that must equal ``correlation``.
    package var key: String
    /// The value of the instance that the field must equal.
    package var correlation: Path
    /// What the end of the wait means.
    package var onTimeout: TimeoutVerdict

    package enum TimeoutVerdict: String, Sendable, Hashable, CaseIterable {
        /// The step has failed: before the pivot the saga compensates, after it the saga is stuck.
        case fail
        /// The saga goes on without the event.
        case proceed
    }

    package init(events: [String], key: String, correlation: Path, onTimeout: TimeoutVerdict = .fail) {
        self.events = events
        self.key = key
        self.correlation = correlation
        self.onTimeout = onTimeout
    }
}

/// What a reply (or awaited event) of a certain name does.
package struct ReplyRule: Sendable, Hashable {
    package enum Verdict: String, Sendable, Hashable, CaseIterable {
        /// The step is done.
        case proceed
        /// The step has failed without effect.
        case fail
        /// The step is tried again with a new request, until its attempts are spent.
        case retry
    }

    /// The reply's name without the participant, such as `TicketCreated`, or the awaited event's full type.
    package var reply: String
    /// What of it goes into `data`.
    package var set: [Assignment]
    /// Nil means the default: a success proceeds; a failure fails a step that may fail, and repeats one that may not.
    package var verdict: Verdict?

    package init(reply: String, set: [Assignment] = [], verdict: Verdict? = nil) {
        self.reply = reply
        self.set = set
        self.verdict = verdict
    }
}
