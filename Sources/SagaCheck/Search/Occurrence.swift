package import SagaModel

/// A step's turn within a world: which saga, which step, which way, which try.
package struct TurnKey: Sendable, Hashable {
    package var saga: UInt8
    package var step: UInt8
    package var direction: Direction
    package var attempt: UInt16

    package init(saga: UInt8, step: UInt8, direction: Direction, attempt: UInt16) {
        self.saga = saga
        self.step = step
        self.direction = direction
        self.attempt = attempt
    }
}

/// One thing that happens in a world.
package enum Occurrence: Sendable, Hashable {
    /// The saga's start event arrives, with one of its payloads.
    case started(saga: Int, payload: Int)
    /// A participant takes a command it has not seen, and handles it in one of the ways it may.
    case handled(TurnKey, outcome: Int, fate: Fate)
    /// A participant takes a command it has handled already.
    case repeated(TurnKey, fate: Fate)
    /// The saga takes a reply.
    case answered(TurnKey, variant: Int, fate: Fate)
    case timerFired(TurnKey, fate: Fate)
    case deadlinePassed(saga: Int)
    /// An operator retries what is stuck.
    case retried(saga: Int)
    /// Somebody outside the world publishes an event that sagas wait for.
    case published(event: Int)
    /// An event reaches a saga, with one of its payloads.
    case arrived(event: Int, saga: Int, step: Int, payload: Int)
    /// An aggregate changes by itself.
    case moved(aggregate: Int, move: Int)
    /// A command ends among the dead letters.
    case lostCommand(TurnKey)
    /// A reply ends among the dead letters.
    case lostReply(TurnKey, variant: Int)
    /// An event on its way to a saga ends among the dead letters.
    case lostEvent(event: Int, saga: Int)

    /// What becomes of a message besides being handled.
    package enum Fate: UInt8, Sendable, Hashable, CaseIterable {
        case plain
        /// The broker delivers it once more.
        case duplicated
        /// Whoever handled it crashes between the commit and its publishing: the message comes again, and what was
        /// committed is published later.
        case crashedBeforePublishing
        /// Whoever handled it crashes after publishing, before the broker's confirm is noted: the message comes again,
        /// and what was committed is published twice.
        case crashedAfterPublishing
    }
}
