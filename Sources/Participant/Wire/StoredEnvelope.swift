import Messaging

/// The outside of a message as it stands in a table: JSON, readable by a person and by other programs.
struct StoredEnvelope: Codable, Sendable {
    var type: String
    var source: String
    var saga: String?
    var cause: UUIDv7?
    var replyTo: String?
    var timestamp: Int64?
    var app: String?
    var user: String?
    var traceparent: String?
    var step: String?
    var direction: String?
    var `try`: Int?

    /// The envelope again, or nil if somebody changed the row into what none can be.
    func envelope(id: UUIDv7) -> Envelope? {
        guard let type = MessageType(type) else { return nil }
        var envelope = Envelope(
            id: id, type: type, source: source, correlationID: saga, causationID: cause, replyTo: replyTo,
            timestamp: timestamp, appID: app, userID: user, traceparent: traceparent)
        if let step, let direction = direction.flatMap(StepReference.Direction.init), let number = `try` {
            envelope.step = StepReference(step: step, direction: direction, number: number)
        }
        return envelope
    }
}

extension FlatJSONWriter {
    /// Writes an envelope in the form of ``StoredEnvelope``. By hand: an `Encoder` would take longer over it than the handler
    /// over the command.
    mutating func write(_ envelope: Envelope) {
        beginObject()
        add("type", envelope.type.text)
        add("source", envelope.source)
        add("saga", envelope.correlationID)
        add("cause", envelope.causationID)
        add("replyTo", envelope.replyTo)
        add("timestamp", envelope.timestamp)
        add("app", envelope.appID)
        add("user", envelope.userID)
        add("traceparent", envelope.traceparent)
        if let step = envelope.step {
            add("step", step.step)
            add("direction", step.direction.rawValue)
            add("try", Int64(step.number))
        }
        endObject()
    }
}
