package import Messaging

/// A message on its way out: where to, and what.
package struct OutgoingMessage: Sendable, Hashable {
    package let exchange: String
    package let routingKey: String
    package let envelope: Envelope
    package let body: [UInt8]

    package init(exchange: String, routingKey: String, envelope: Envelope, body: [UInt8]) {
        self.exchange = exchange
        self.routingKey = routingKey
        self.envelope = envelope
        self.body = body
    }

    package var id: UUIDv7 { envelope.id }

    /// Whether it failed if no queue took it. An event may have no subscriber yet.
    var isMandatory: Bool { exchange != TopologyNames.events }
}

/// Makes what a service sends, with everything on the outside that follows from who sends it and why.
package struct MessageFactory: Sendable {
    package let service: String
    /// The broker's user the service publishes as.
    package let user: String
    package let ids: UUIDv7Source
    package let now: @Sendable () -> Int64

    package init(service: String, user: String, ids: UUIDv7Source, now: @escaping @Sendable () -> Int64) {
        self.service = service
        self.user = user
        self.ids = ids
        self.now = now
    }

    /// The answer to a command. Where nobody wants one it goes nowhere: its routing key is empty.
    func reply(to command: Envelope, type: MessageType, body: [UInt8]) -> OutgoingMessage {
        var envelope = envelope(type, causedBy: command)
        envelope.step = command.step
        return OutgoingMessage(
            exchange: TopologyNames.replies, routingKey: command.replyTo ?? "", envelope: envelope, body: body)
    }

    /// A command that belongs to no saga and that nobody answers.
    package func command(
        _ type: MessageType, _ payload: some Encodable, routingKey: String
    ) throws(JSONError) -> OutgoingMessage {
        OutgoingMessage(
            exchange: TopologyNames.commands, routingKey: routingKey,
            envelope: Envelope(
                id: ids.next(), type: type, source: "/\(service)", timestamp: now() / 1000, appID: service,
                userID: user),
            body: try JSON.encode(payload))
    }

    /// A domain event that came of a message.
    func event(_ type: MessageType, body: [UInt8], causedBy message: Envelope) -> OutgoingMessage {
        OutgoingMessage(
            exchange: TopologyNames.events, routingKey: type.text, envelope: envelope(type, causedBy: message),
            body: body)
    }

    /// A domain event that no message caused.
    func event(_ type: MessageType, body: [UInt8], correlationID: String?, traceparent: String?) -> OutgoingMessage {
        OutgoingMessage(
            exchange: TopologyNames.events, routingKey: type.text,
            envelope: Envelope(
                id: ids.next(), type: type, source: "/\(service)", correlationID: correlationID,
                timestamp: now() / 1000, appID: service, userID: user, traceparent: traceparent),
            body: body)
    }

    private func envelope(_ type: MessageType, causedBy message: Envelope) -> Envelope {
        Envelope(
            id: ids.next(), type: type, source: "/\(service)", correlationID: message.correlationID,
            causationID: message.id, timestamp: now() / 1000, appID: service, userID: user,
            traceparent: message.traceparent)
    }
}
