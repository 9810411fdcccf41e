/// What becomes of a message.
public enum Settlement: Sendable, Hashable {
    /// It is done: acknowledge it.
    case settle
    /// It waits for its next attempt: publish it to this level's exchange, then acknowledge it.
    case retry(RetryLadder.Level)
    /// It is given up here: publish it to the dead queue, then acknowledge it.
    case deadLetter(DeadReason)
    /// It lets others pass: publish it to this level's exchange, then acknowledge it. Costs no attempt.
    case hold(RetryLadder.Level)
    /// The ground is not there (database, broker): hold it, stop consuming until the ground is back. Costs no attempt.
    case pause
}

/// What is known of a message before its handler runs.
public enum Admission: Sendable, Hashable {
    /// It may run.
    case admitted
    case undecodable
    case tooLarge
    case badIdentifier
    case tooOld
    case unknownType
    case unauthorised
}

/// How the handling of an admitted message ended.
public enum HandlingOutcome: Sendable, Hashable {
    /// The handler replied, refused for a reason of business, or only did its work. A refusal is a reply.
    case completed
    /// The message had been handled before; its stored reply is sent again.
    case duplicate
    /// The step had been undone before it was done; the refusal is a reply.
    case fenced
    /// The handler itself failed: it threw, or it ran past its deadline.
    case handlerFailed
    /// What the handler stands on failed: connection lost, serialization, deadlock, resources, broker blocked.
    case groundFailed
    /// It was alone, and waited again and again for something in the database that somebody does not let go of.
    case blocked
    /// The body is not what the type says. Trying again would not change it.
    case undecodable
    /// It was not handled any more: every process that did died of it.
    case crashing
}

/// The one rule of what becomes of a message. Pure: the same facts always give the same answer.
public struct SettlementRule: Sendable, Hashable {
    public let ladder: RetryLadder
    /// Where a message waits that lets others pass; nil if there is no place.
    package let passingPlace: RetryLadder.Level?

    /// - Parameter isTimed: whether timers run against the messages, which must be back soon then: no timer knows of one that
    ///   is held.
    public init(ladder: RetryLadder = .standard, isTimed: Bool = false) {
        self.ladder = ladder
        passingPlace = isTimed ? ladder.levels.first : ladder.holdingLevel
    }

    /// What becomes of a message that is not let through to its handler; nil if it is.
    public func settlement(of admission: Admission) -> Settlement? {
        switch admission {
        case .admitted: nil
        case .undecodable: .deadLetter(.undecodable)
        case .tooLarge: .deadLetter(.tooLarge)
        case .badIdentifier: .deadLetter(.badIdentifier)
        case .tooOld: .deadLetter(.tooOld)
        case .unknownType: .deadLetter(.unknownType)
        case .unauthorised: .deadLetter(.unauthorised)
        }
    }

    /// What becomes of a message after its handling.
    ///
    /// - Parameter attempt: which attempt this was, counted from 1.
    public func settlement(of outcome: HandlingOutcome, attempt: Int) -> Settlement {
        switch outcome {
        case .completed, .duplicate, .fenced: .settle
        case .groundFailed: .pause
        case .blocked: passingPlace.map(Settlement.hold) ?? .pause
        case .undecodable: .deadLetter(.undecodable)
        case .crashing: .deadLetter(.crashing)
        case .handlerFailed:
            ladder.level(afterAttempt: attempt).map(Settlement.retry) ?? .deadLetter(.attemptsExhausted)
        }
    }
}
