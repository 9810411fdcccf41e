/// A method we send. `basic.publish` is not here: it has its own path, which makes no copy of the message.
enum OutboundMethod: Sendable, Equatable {
    case connectionStartOK(clientProperties: FieldTable, mechanism: String, response: [UInt8])
    case connectionTuneOK(channelMax: UInt16, frameMax: UInt32, heartbeat: UInt16)
    case connectionOpen(virtualHost: String)
    case connectionClose(code: UInt16, text: String)
    case connectionCloseOK
    case channelOpen
    case channelClose(code: UInt16, text: String)
    case channelCloseOK
    case channelFlowOK(active: Bool)
    case exchangeDeclare(
        name: String, type: String, passive: Bool, durable: Bool, autoDelete: Bool, internal: Bool, FieldTable)
    case exchangeDelete(name: String, ifUnused: Bool)
    case exchangeBind(destination: String, source: String, routingKey: String, FieldTable)
    case queueDeclare(name: String, passive: Bool, durable: Bool, exclusive: Bool, autoDelete: Bool, FieldTable)
    case queueBind(queue: String, exchange: String, routingKey: String, FieldTable)
    case queueUnbind(queue: String, exchange: String, routingKey: String, FieldTable)
    case queuePurge(name: String)
    case queueDelete(name: String, ifUnused: Bool, ifEmpty: Bool)
    case basicQos(prefetchCount: UInt16)
    case basicConsume(queue: String, tag: String, exclusive: Bool, FieldTable)
    case basicCancel(tag: String)
    case basicAck(tag: UInt64, multiple: Bool)
    case basicNack(tag: UInt64, multiple: Bool, requeue: Bool)
    case basicReject(tag: UInt64, requeue: Bool)
    case confirmSelect
}

extension OutboundMethod {
    /// The method's name without its arguments, which may hold credentials.
    var name: String {
        let text = String(describing: self)
        return String(text.prefix { $0 != "(" })
    }

    var isChannelClose: Bool {
        if case .channelClose = self { true } else { false }
    }
}
