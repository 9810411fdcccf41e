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

    init(_ envelope: Envelope) {
        type = envelope.type.text
        source = envelope.source
        saga = envelope.correlationID
        cause = envelope.causationID
        replyTo = envelope.replyTo
        timestamp = envelope.timestamp
        app = envelope.appID
        user = envelope.userID
        traceparent = envelope.traceparent
        step = envelope.step?.step
        direction = envelope.step?.direction.rawValue
        `try` = envelope.step?.number
    }

    /// As it is written. By hand: an `Encoder` would take longer over it than the handler over the command.
    var text: String {
        var object = FlatJSONObject()
        object.add("type", type)
        object.add("source", source)
        object.add("saga", saga)
        object.add("cause", cause?.description)
        object.add("replyTo", replyTo)
        object.add("timestamp", timestamp)
        object.add("app", app)
        object.add("user", user)
        object.add("traceparent", traceparent)
        object.add("step", step)
        object.add("direction", direction)
        object.add("try", `try`.map { Int64($0) })
        return object.text()
    }

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
