/// A method the broker sent, copied out of the decoder's memory.
enum InboundMethod: Sendable, Equatable {
    case connectionStart(mechanisms: String, serverProperties: FieldTable)
    case connectionTune(channelMax: UInt16, frameMax: UInt32, heartbeat: UInt16)
    case connectionOpenOK
    case connectionClose(code: UInt16, text: String)
    case connectionCloseOK
    case connectionBlocked(reason: String)
    case connectionUnblocked
    case channelOpenOK
    case channelFlow(active: Bool)
    case channelClose(code: UInt16, text: String)
    case channelCloseOK
    case exchangeDeclareOK
    case exchangeDeleteOK
    case exchangeBindOK
    case queueDeclareOK(name: String, messageCount: UInt32, consumerCount: UInt32)
    case queueBindOK
    case queueUnbindOK
    case queuePurgeOK(messageCount: UInt32)
    case queueDeleteOK(messageCount: UInt32)
    case basicQosOK
    case basicConsumeOK(tag: String)
    case basicCancelOK(tag: String)
    case basicCancel(tag: String)
    case basicAck(tag: UInt64, multiple: Bool)
    case basicNack(tag: UInt64, multiple: Bool)
    case confirmSelectOK
    /// A method this client does not use, by number (class times 65,536 plus method).
    case other(UInt32)
}

/// What `basic.return` says before the content.
struct ReturnHead: Sendable, Equatable {
    var code: UInt16
    var text: String
    var exchange: String
    var routingKey: String
}

/// One frame. Its bytes are valid only while it is handled.
@unsafe enum InboundFrame {
    /// A whole frame, for the decoder to copy the method out of.
    case method(UnsafeRawBufferPointer)
    case content(ContentFrame)
    case heartbeat
}

/// A frame that belongs to a content, to be decoded where the content is put together. Its bytes are valid only while it is
/// handled.
@unsafe enum ContentFrame {
    /// The arguments of a `basic.deliver`.
    case delivery(arguments: UnsafeRawBufferPointer)
    /// The arguments of a `basic.return`.
    case returned(arguments: UnsafeRawBufferPointer)
    /// The size of the body that follows, and the property list.
    case header(bodyByteCount: UInt64, properties: UnsafeRawBufferPointer)
    case body(UnsafeRawBufferPointer)
}

extension InboundMethod {
    /// Whether this answers a request, rather than coming on the broker's own account.
    var isAnswer: Bool {
        switch self {
        case .connectionOpenOK, .connectionCloseOK, .channelOpenOK, .channelCloseOK, .exchangeDeclareOK,
            .exchangeDeleteOK, .exchangeBindOK, .queueDeclareOK, .queueBindOK, .queueUnbindOK, .queuePurgeOK,
            .queueDeleteOK, .basicQosOK, .basicConsumeOK, .basicCancelOK, .confirmSelectOK:
            true
        case .connectionStart, .connectionTune, .connectionClose, .connectionBlocked, .connectionUnblocked,
            .channelFlow, .channelClose, .basicCancel, .basicAck, .basicNack, .other:
            false
        }
    }
}
