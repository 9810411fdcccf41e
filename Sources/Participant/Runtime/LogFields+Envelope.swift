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
        self[LogFieldName.sagaID] = envelope.correlationID.map { .string($0) }
        self[LogFieldName.traceID] = envelope.traceparent.flatMap(TraceContext.init(traceparent:)).map {
            .string($0.traceID.description)
        }
    }
}
