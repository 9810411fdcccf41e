/// Which way a step is run.
package enum Direction: String, Sendable, Hashable, CaseIterable {
    case `do`
    case undo
}

/// A step, a direction and a try: what a request, its reply and its timer are named by within a saga.
package struct Turn: Sendable, Hashable, CustomStringConvertible {
    package var step: String
    package var direction: Direction
    /// Counts from 1; a re-send keeps it, a try after a received failure raises it.
    package var attempt: Int

    package init(step: String, direction: Direction, attempt: Int) {
        self.step = step
        self.direction = direction
        self.attempt = attempt
    }

    /// The name of the timer of the whole saga's deadline.
    package static let deadline = Turn(step: Start.stepID, direction: .do, attempt: 0)

    package var description: String { "\(step)/\(direction.rawValue)/\(attempt)" }
}

/// Something that happened to a saga, with the time it was taken in.
package struct Input: Sendable, Hashable {
    /// Milliseconds since 1970 on the clock of whoever took it in.
    package var milliseconds: Int64
    package var happening: Happening

    package init(_ happening: Happening, milliseconds: Int64) {
        self.milliseconds = milliseconds
        self.happening = happening
    }

    package enum Happening: Sendable, Hashable {
        case started(StartEvent)
        case replied(Reply)
        case timerFired(Turn)
        /// An event that a step of the definition waits for.
        case occurred(Event)
        case ordered(OperatorOrder)
        /// The participant takes no commands for a while: its commands are held and their clocks stand.
        case paused(participant: String)
        case resumed(participant: String)
    }
}

/// The event that starts an instance.
package struct StartEvent: Sendable, Hashable {
    /// The id the new instance gets, usually ``Identifier/saga(definition:key:milliseconds:)``.
    package var saga: Identifier
    package var payload: Record

    package init(saga: Identifier, payload: Record) {
        self.saga = saga
        self.payload = payload
    }
}

/// A participant's answer to a request.
package struct Reply: Sendable, Hashable {
    /// The name that a participant answers with when the step was undone before the command came.
    package static let fenced = "Fenced"

    /// The id of the request answered (`cloudEvents_causationid`).
    package var causation: Identifier
    /// Who sent it, as the broker checked it (`user-id`).
    package var sender: String
    /// The reply's name without the participant, such as `TicketCreated`.
    package var name: String
    /// The step, direction and try from the headers.
    package var turn: Turn
    package var payload: Record

    package init(causation: Identifier, sender: String, name: String, turn: Turn, payload: Record = Record()) {
        self.causation = causation
        self.sender = sender
        self.name = name
        self.turn = turn
        self.payload = payload
    }
}

/// A domain event that a step may wait for.
package struct Event: Sendable, Hashable {
    /// The full type, such as `kitchen.TicketAccepted`.
    package var type: String
    package var payload: Record

    package init(type: String, payload: Record) {
        self.type = type
        self.payload = payload
    }
}

/// What a person decided about an instance.
package struct OperatorOrder: Sendable, Hashable {
    package enum Action: String, Sendable, Hashable, CaseIterable {
        /// Ask again: the same request after silence, a new try after a failure.
        case retry
        /// Wait again without asking, for instance after a dead letter was redriven.
        case resume
        /// Take the step for done (an undo for undone) because it was settled by hand.
        case skip
        /// Undo everything now; only before the pivot.
        case compensate
        /// End here and leave the effects as they are.
        case abort
    }

    package var action: Action
    /// The step meant; nil where only one can be meant.
    package var step: String?
    /// Why, for the history.
    package var reason: String
    /// Who, for the history.
    package var who: String

    package init(_ action: Action, step: String? = nil, reason: String, who: String) {
        self.action = action
        self.step = step
        self.reason = reason
        self.who = who
    }
}
