import Telemetry

extension Envelope {
    /// The message with this outside and a body.
    public func message(body: [UInt8]) -> WireMessage {
        let id = id.description
        return WireMessage(
            properties: properties(id: id), headers: MessageHeaders(distinct: headers(id: id)), body: body)
    }

    /// - Parameter id: the text of the id, which stands in two places.
    package func properties(id: String) -> MessageProperties {
        MessageProperties(
            messageID: id, correlationID: correlationID, type: type.text, replyTo: replyTo,
            contentType: "application/json", timestamp: timestamp, appID: appID, userID: userID, isPersistent: true)
    }

    /// The headers in their order; no two have one name.
    ///
    /// - Parameter id: the text of the id, which stands in two places.
    package func headers(id: String) -> [MessageHeaders.Header] {
        var headers: [MessageHeaders.Header] = []
        headers.reserveCapacity(Self.headerCountMax)
        func add(_ name: String, _ value: HeaderValue?) {
            if let value { headers.append(MessageHeaders.Header(name, value)) }
        }
        add(HeaderName.specVersion, "1.0")
        add(HeaderName.eventID, .string(id))
        add(HeaderName.source, .string(source))
        add(HeaderName.eventType, .string(type.text))
        add(HeaderName.causationID, causationID.map { .string($0.description) })
        add(HeaderName.traceparent, traceparent.map { .string($0) })
        if let step {
            add(HeaderName.step, .string(step.step))
            add(HeaderName.direction, .string(step.direction.rawValue))
            add(HeaderName.stepTry, .integer(Int64(step.number)))
        }
        if let history {
            add(HeaderName.attempt, .integer(Int64(history.attempt)))
            add(HeaderName.firstFailureAt, history.firstFailureAt.map { .string(RFC3339.text(milliseconds: $0)) })
            add(HeaderName.lastError, history.lastError.map { .string($0) })
        }
        add(HeaderName.sender, sender.map { .string($0) })
        return headers
    }

    /// All that an envelope can have.
    private static let headerCountMax = 13
}
