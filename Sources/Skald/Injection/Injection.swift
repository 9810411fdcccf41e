import Messaging
import SagaModel
import Telemetry

/// One message to inject, and what to wait for afterwards.
struct Injection: Sendable {
    let id: UUIDv7
    let entry: MessageCatalogue.Entry
    let payload: Record
    /// The saga that it starts, by its definition and the instance's key.
    let saga: SagaKey?
    let traceparent: String
    /// How it is broken on purpose; nil if it is not.
    let flaw: Flaw?

    struct SagaKey: Sendable, Hashable {
        let definition: String
        let key: String
    }

    /// Ways in which a message can be wrong. Each ends in a dead queue and in nothing else.
    enum Flaw: CaseIterable, Sendable {
        /// The body ends in the middle.
        case cutBody
        /// A field that has to be there is not.
        case missingField
        /// The id carries no time.
        case foreignID
        /// Nobody knows the type.
        case unknownType
    }

    /// - Parameter user: the broker's user who publishes it, who vouches for whoever it is sent for.
    func message(user: String, now: Int64) -> WireMessage {
        var envelope = Envelope(
            id: id, type: entry.type, source: "/\(TopologyNames.tool)", timestamp: now / 1000,
            appID: TopologyNames.tool, userID: user, traceparent: traceparent)
        // An event is taken from its owner only; participants believe the operators' tool who that is.
        if entry.isEvent { envelope.sender = entry.type.owner }
        var message = envelope.message(body: CanonicalJSON.bytes(of: .record(payload)))
        if let flaw { message.spoil(flaw, of: entry, payload) }
        return message
    }

    var traceID: TraceID? { TraceContext(traceparent: traceparent)?.traceID }
    var exchange: String { entry.isEvent ? TopologyNames.events : TopologyNames.commands }
    var routingKey: String { entry.isEvent ? entry.type.text : entry.type.owner }
}

extension WireMessage {
    fileprivate mutating func spoil(_ flaw: Injection.Flaw, of entry: MessageCatalogue.Entry, _ payload: Record) {
        switch flaw {
        case .cutBody: body.removeLast(max(1, body.count / 3))
        case .missingField:
            var spoilt = payload
            if let field = entry.fields.first(where: { !$0.type.isOptional }) { spoilt[field.name] = nil }
            body = CanonicalJSON.bytes(of: .record(spoilt))
        case .foreignID:
            let id = "00000000-0000-4000-8000-\((properties.messageID ?? "").suffix(12))"
            properties.messageID = id
            headers[HeaderName.eventID] = .string(id)
        case .unknownType:
            let type = entry.type.owner + (entry.isEvent ? ".nonsense" : ".Nonsense")
            properties.type = type
            headers[HeaderName.eventType] = .string(type)
        }
    }
}
