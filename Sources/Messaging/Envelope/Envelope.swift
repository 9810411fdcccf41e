/// What stands on the outside of a message: who, what, for which saga, on whose behalf.
///
/// The attributes are those of CloudEvents 1.0 in binary mode, laid on AMQP's properties and headers as the wire contract
/// says. The body is not part of it.
public struct Envelope: Sendable, Hashable {
    /// How a message is used. It follows from the queue it came by, not from its name.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Asks one participant to do something; sent by a saga, or by itself without a step.
        case command
        /// Answers one command.
        case reply
        /// Tells what happened.
        case event
    }

    /// The name of this message; a message sent again keeps it.
    public var id: UUIDv7
    public var type: MessageType
    /// Who made it, as a URI reference: `/kitchen`.
    public var source: String
    /// The saga it belongs to.
    public var correlationID: String?
    /// The message that caused it; on a reply the command it answers.
    public var causationID: UUIDv7?
    /// The routing key its reply goes to; without one nobody wants a reply.
    public var replyTo: String?
    /// Seconds since 1970.
    public var timestamp: Int64?
    public var appID: String?
    /// The broker's user who published this copy.
    public var userID: String?
    /// On a copy published again: the user who published it first, as its publisher says.
    public var sender: String?
    public var traceparent: String?
    /// The step of the saga, on commands and their replies.
    public var step: StepReference?
    /// What happened to it so far; nil on a first delivery.
    public var history: DeliveryHistory?

    public init(
        id: UUIDv7, type: MessageType, source: String, correlationID: String? = nil, causationID: UUIDv7? = nil,
        replyTo: String? = nil, timestamp: Int64? = nil, appID: String? = nil, userID: String? = nil,
        sender: String? = nil, traceparent: String? = nil, step: StepReference? = nil, history: DeliveryHistory? = nil
    ) {
        self.id = id
        self.type = type
        self.source = source
        self.correlationID = correlationID
        self.causationID = causationID
        self.replyTo = replyTo
        self.timestamp = timestamp
        self.appID = appID
        self.userID = userID
        self.sender = sender
        self.traceparent = traceparent
        self.step = step
        self.history = history
    }

    /// Which delivery to a handler this is, counted from 1.
    public var attempt: Int { history?.attempt ?? 1 }
}

/// A step of a saga, in one direction, at one try.
public struct StepReference: Sendable, Hashable {
    /// Whether a step is done or undone.
    public enum Direction: String, Sendable, Hashable, CaseIterable {
        case forward = "do"
        case backward = "undo"
    }

    public static let byteCountMax = 128

    /// The id of the step in the saga's definition.
    public var step: String
    public var direction: Direction
    /// Which try of the step this is, counted from 1; a try after a received failure has the next number.
    public var number: Int

    public init(step: String, direction: Direction, number: Int) {
        self.step = step
        self.direction = direction
        self.number = number
    }
}

/// What happened to a message that is delivered again.
public struct DeliveryHistory: Sendable, Hashable {
    /// Which delivery this is, counted from 1; 2 means that it failed once.
    public var attempt: Int
    /// Milliseconds since 1970.
    public var firstFailureAt: Int64?
    /// The last failure in words that are safe to show.
    public var lastError: String?

    public init(attempt: Int, firstFailureAt: Int64? = nil, lastError: String? = nil) {
        self.attempt = attempt
        self.firstFailureAt = firstFailureAt
        self.lastError = lastError
    }
}
