import Messaging
import Telemetry

extension LogFields {
    /// What a line says of a message that was handled: what it is, whose it is, and the trace it belongs to.
    ///
    /// - Parameter answer: the type of the reply, nil where nobody wanted one.
    init(handling envelope: Envelope, answer: MessageType?) {
        self = [
            "type": .string(envelope.type.text), LogFieldName.messageID: .string(envelope.id.description),
        ]
        self["answer"] = answer.map { .string($0.text) }
        add(saga: envelope.correlationID, traceparent: envelope.traceparent)
    }

    /// What a line says of a message that failed: as much as can be read of it, as it may be anything.
    init(failing message: WireMessage) {
        self = [
            LogFieldName.messageID: .string(message.properties.messageID ?? ""),
            LogFieldName.correlationID: .string(message.properties.correlationID ?? ""),
            "type": .string(message.properties.type ?? ""),
        ]
        add(saga: message.properties.correlationID, traceparent: message.headers[HeaderName.traceparent]?.text)
    }

    private mutating func add(saga: String?, traceparent: String?) {
        self[LogFieldName.sagaID] = saga.map { .string($0) }
        self[LogFieldName.traceID] = traceparent.flatMap(TraceContext.init(traceparent:)).map {
            .string($0.traceID.description)
        }
    }
}
