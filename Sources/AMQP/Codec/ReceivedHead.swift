import CRabbitMQ

/// The method a content follows, decoded and not yet copied.
///
/// Sendable, for nobody changes the record, and the arena keeps it.
@safe struct ReceivedMethod: @unchecked Sendable {
    @unsafe enum Record {
        case delivery(UnsafePointer<amqp_basic_deliver_t>)
        case returned(UnsafePointer<amqp_basic_return_t>)
    }

    fileprivate let arena: ContentArena
    fileprivate let record: Record

    init(_ arena: ContentArena, _ record: Record) {
        self.arena = arena
        unsafe self.record = record
    }

    /// Decodes the properties beside the method, so that one arena keeps both.
    ///
    /// - Throws: `protocolViolation` where the library refuses the bytes.
    consuming func with(properties list: UnsafeRawBufferPointer) throws(AMQPError) -> ReceivedHead {
        let properties = try unsafe arena.properties(list)
        return unsafe ReceivedHead(self, properties)
    }
}

/// What goes before the body of a message that came: the method and the properties, decoded and not yet copied. Each string
/// and table is copied where it is asked for.
///
/// Sendable, for nobody changes the records, and the arena keeps them.
@safe struct ReceivedHead: @unchecked Sendable {
    private let method: ReceivedMethod
    private let properties: UnsafePointer<amqp_basic_properties_t>

    fileprivate init(_ method: consuming ReceivedMethod, _ properties: UnsafePointer<amqp_basic_properties_t>) {
        self.method = method
        unsafe self.properties = properties
    }

    /// The tag of a delivery; nil for a message that came back.
    var deliveryTag: UInt64? {
        switch unsafe method.record {
        case .delivery(let record): unsafe record.pointee.delivery_tag
        case .returned: nil
        }
    }

    var isRedelivered: Bool {
        switch unsafe method.record {
        case .delivery(let record): unsafe record.pointee.redelivered != 0
        case .returned: false
        }
    }

    var exchange: String {
        switch unsafe method.record {
        case .delivery(let record): unsafe String(copying: record.pointee.exchange)
        case .returned(let record): unsafe String(copying: record.pointee.exchange)
        }
    }

    var routingKey: String {
        switch unsafe method.record {
        case .delivery(let record): unsafe String(copying: record.pointee.routing_key)
        case .returned(let record): unsafe String(copying: record.pointee.routing_key)
        }
    }

    /// Why a message came back; nil for a delivery.
    var returnHead: ReturnHead? {
        guard case .returned(let record) = unsafe method.record else { return nil }
        return unsafe ReturnHead(
            code: record.pointee.reply_code, text: String(copying: record.pointee.reply_text), exchange: exchange,
            routingKey: routingKey)
    }
}

/// The properties.
extension ReceivedHead {
    private func has(_ flag: Int32) -> Bool {
        unsafe Int32(truncatingIfNeeded: properties.pointee._flags) & flag != 0
    }

    private func text(_ flag: Int32, _ bytes: amqp_bytes_t) -> String? {
        has(flag) ? unsafe String(copying: bytes) : nil
    }

    var contentType: String? { unsafe text(AMQP_BASIC_CONTENT_TYPE_FLAG, properties.pointee.content_type) }
    var contentEncoding: String? {
        unsafe text(AMQP_BASIC_CONTENT_ENCODING_FLAG, properties.pointee.content_encoding)
    }
    var correlationID: String? { unsafe text(AMQP_BASIC_CORRELATION_ID_FLAG, properties.pointee.correlation_id) }
    var replyTo: String? { unsafe text(AMQP_BASIC_REPLY_TO_FLAG, properties.pointee.reply_to) }
    var expiration: String? { unsafe text(AMQP_BASIC_EXPIRATION_FLAG, properties.pointee.expiration) }
    var messageID: String? { unsafe text(AMQP_BASIC_MESSAGE_ID_FLAG, properties.pointee.message_id) }
    var type: String? { unsafe text(AMQP_BASIC_TYPE_FLAG, properties.pointee.type) }
    var userID: String? { unsafe text(AMQP_BASIC_USER_ID_FLAG, properties.pointee.user_id) }
    var appID: String? { unsafe text(AMQP_BASIC_APP_ID_FLAG, properties.pointee.app_id) }
    var timestamp: UInt64? { has(AMQP_BASIC_TIMESTAMP_FLAG) ? unsafe properties.pointee.timestamp : nil }
    var priority: UInt8? { has(AMQP_BASIC_PRIORITY_FLAG) ? unsafe properties.pointee.priority : nil }

    /// Transient where the message does not say, as the broker takes it.
    var deliveryMode: Properties.DeliveryMode {
        let isPersistent = unsafe has(AMQP_BASIC_DELIVERY_MODE_FLAG) && properties.pointee.delivery_mode == 2
        return isPersistent ? .persistent : .transient
    }

    var headers: FieldTable {
        has(AMQP_BASIC_HEADERS_FLAG) ? unsafe FieldTable(copying: properties.pointee.headers) : FieldTable()
    }

    /// One header's value.
    func header(_ name: String) -> FieldValue? {
        has(AMQP_BASIC_HEADERS_FLAG) ? unsafe FieldValue(named: name, in: properties.pointee.headers) : nil
    }
}

extension Properties {
    /// A copy of all that came.
    init(copying head: ReceivedHead) {
        self.init(
            contentType: head.contentType, headers: head.headers, deliveryMode: head.deliveryMode,
            correlationID: head.correlationID, replyTo: head.replyTo, messageID: head.messageID,
            timestamp: head.timestamp, type: head.type, userID: head.userID, appID: head.appID)
        contentEncoding = head.contentEncoding
        priority = head.priority
        expiration = head.expiration
    }
}
