import Telemetry

extension Envelope {
    /// The message with this outside and a body.
    public func message(body: [UInt8]) -> WireMessage {
        WireMessage(properties: properties, headers: headers, body: body)
    }

    private var properties: MessageProperties {
        MessageProperties(
            messageID: id.description, correlationID: correlationID, type: type.text, replyTo: replyTo,
            contentType: "application/json", timestamp: timestamp, appID: appID, userID: userID, isPersistent: true)
    }

    private var headers: MessageHeaders {
        var headers: MessageHeaders = [
            HeaderName.specVersion: "1.0", HeaderName.eventID: .string(id.description),
            HeaderName.source: .string(source), HeaderName.eventType: .string(type.text),
        ]
        headers[HeaderName.causationID] = causationID.map { .string($0.description) }
        headers[HeaderName.traceparent] = traceparent.map { .string($0) }
        if let step {
            headers[HeaderName.step] = .string(step.step)
            headers[HeaderName.direction] = .string(step.direction.rawValue)
            headers[HeaderName.stepTry] = .integer(Int64(step.number))
        }
        if let history { headers.set(history) }
        headers[HeaderName.sender] = sender.map { .string($0) }
        return headers
    }
}

extension MessageHeaders {
    /// Puts in what happened to a message so far, or replaces it.
    mutating func set(_ history: DeliveryHistory) {
        self[HeaderName.attempt] = .integer(Int64(history.attempt))
        self[HeaderName.firstFailureAt] = history.firstFailureAt.map { .string(RFC3339.text(milliseconds: $0)) }
        self[HeaderName.lastError] = history.lastError.map { .string($0) }
    }
}
