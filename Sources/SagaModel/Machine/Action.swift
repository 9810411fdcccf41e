/// What the machine asks its shell to do, in this order, in the transaction that stores the instance.
package enum Action: Sendable, Hashable {
    case send(Command)
    /// Sets the timer of that name, in place of one already set.
    case setTimer(Turn, dueMilliseconds: Int64)
    case cancelTimer(Turn)
    /// The input changed nothing; it is recorded with the reason.
    case ignore(IgnoreReason)
    /// The instance waits for a person.
    case stick(Turn, StuckReason)
    /// The instance goes on, but a person should know.
    case alarm(AlarmReason)
    /// The instance is over: the outcome's name.
    case finish(outcome: String)
}

/// A request to a participant.
package struct Command: Sendable, Hashable {
    package var request: Identifier
    package var participant: String
    /// The command's name without the participant, such as `CreateTicket`.
    package var name: String
    package var payload: Record
    package var turn: Turn

    package init(request: Identifier, participant: String, name: String, payload: Record, turn: Turn) {
        self.request = request
        self.participant = participant
        self.name = name
        self.payload = payload
        self.turn = turn
    }
}

/// Why an input changed nothing.
package enum IgnoreReason: Sendable, Hashable {
    case notStarted
    case alreadyStarted
    case alreadyFinished
    /// The reply's request is not the one awaited: a duplicate, a late one, or one of a step that was given up.
    case notAwaited
    /// The reply answers the awaited request but names another step, direction or try.
    case misaddressed
    /// The reply came from somebody who was not asked.
    case wrongSender(asked: String)
    /// The timer's wait is over already.
    case lateTimer
    /// No step waits for the event, now or later.
    case notExpected
    /// The event that starts the saga lacks a field or has it in the wrong type.
    case unfit(field: String)
    case notAllowed(OrderRefusal)
}

/// Why an operator's order was refused.
package enum OrderRefusal: String, Sendable, Hashable, CaseIterable {
    case nothingStuck = "nothing is stuck there"
    case noRequestOpen = "no request is open that an answer could still come for"
    case pivotPassed = "the pivot is passed, the saga only goes forward"
    case alreadyCompensating = "the saga compensates already"
}

/// Why an instance waits for a person.
package enum StuckReason: Sendable, Hashable {
    /// No reply after all attempts.
    case silence
    /// This reply after all attempts, or a reply that a step which may not fail must not get.
    case refused(reply: String)
    /// This success lacks a field or has it in the wrong type.
    case unfit(reply: String, field: String)
    /// The step may have had its effect and has no undo.
    case doubtWithoutUndo
}

/// Why a person should look although the instance goes on.
package enum AlarmReason: String, Sendable, Hashable, CaseIterable {
    case deadlinePassedGoingForward = "the deadline has passed after the pivot"
    case deadlinePassedCompensating = "the deadline has passed during compensation"
}
