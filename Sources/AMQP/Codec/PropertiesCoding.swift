import CRabbitMQ

extension Properties {
    /// Lays the properties out for the C encoder.
    ///
    /// - Parameter messageID: the id of a message that names none.
    func encodable(_ scratch: inout Scratch, messageID: String) -> amqp_basic_properties_t {
        var result = unsafe amqp_basic_properties_t()
        var flags: Int32 = AMQP_BASIC_DELIVERY_MODE_FLAG
        unsafe result.delivery_mode = deliveryMode.rawValue
        func set(_ value: String?, _ flag: Int32, _ scratch: inout Scratch) -> amqp_bytes_t {
            guard let value else { return unsafe amqp_bytes_t() }
            flags |= flag
            return unsafe scratch.bytes(of: value)
        }
        unsafe result.content_type = set(contentType, AMQP_BASIC_CONTENT_TYPE_FLAG, &scratch)
        unsafe result.content_encoding = set(contentEncoding, AMQP_BASIC_CONTENT_ENCODING_FLAG, &scratch)
        unsafe result.correlation_id = set(correlationID, AMQP_BASIC_CORRELATION_ID_FLAG, &scratch)
        unsafe result.reply_to = set(replyTo, AMQP_BASIC_REPLY_TO_FLAG, &scratch)
        unsafe result.expiration = set(expiration, AMQP_BASIC_EXPIRATION_FLAG, &scratch)
        unsafe result.message_id = set(self.messageID ?? messageID, AMQP_BASIC_MESSAGE_ID_FLAG, &scratch)
        unsafe result.type = set(type, AMQP_BASIC_TYPE_FLAG, &scratch)
        unsafe result.user_id = set(userID, AMQP_BASIC_USER_ID_FLAG, &scratch)
        unsafe result.app_id = set(appID, AMQP_BASIC_APP_ID_FLAG, &scratch)
        if !headers.isEmpty {
            flags |= AMQP_BASIC_HEADERS_FLAG
            unsafe result.headers = scratch.table(headers)
        }
        if let priority {
            flags |= AMQP_BASIC_PRIORITY_FLAG
            unsafe result.priority = priority
        }
        if let timestamp {
            flags |= AMQP_BASIC_TIMESTAMP_FLAG
            unsafe result.timestamp = timestamp
        }
        unsafe result._flags = amqp_flags_t(flags)
        return unsafe result
    }

    fileprivate init(copying source: amqp_basic_properties_t) {
        let flags = unsafe Int32(truncatingIfNeeded: source._flags)
        func text(_ flag: Int32, _ bytes: amqp_bytes_t) -> String? {
            flags & flag != 0 ? unsafe String(copying: bytes) : nil
        }
        unsafe self.init(
            contentType: text(AMQP_BASIC_CONTENT_TYPE_FLAG, source.content_type),
            headers: flags & AMQP_BASIC_HEADERS_FLAG != 0 ? FieldTable(copying: source.headers) : [:],
            deliveryMode: flags & AMQP_BASIC_DELIVERY_MODE_FLAG != 0 && source.delivery_mode == 2
                ? .persistent : .transient,
            correlationID: text(AMQP_BASIC_CORRELATION_ID_FLAG, source.correlation_id),
            replyTo: text(AMQP_BASIC_REPLY_TO_FLAG, source.reply_to),
            messageID: text(AMQP_BASIC_MESSAGE_ID_FLAG, source.message_id),
            timestamp: flags & AMQP_BASIC_TIMESTAMP_FLAG != 0 ? source.timestamp : nil,
            type: text(AMQP_BASIC_TYPE_FLAG, source.type), userID: text(AMQP_BASIC_USER_ID_FLAG, source.user_id),
            appID: text(AMQP_BASIC_APP_ID_FLAG, source.app_id))
        contentEncoding = unsafe text(AMQP_BASIC_CONTENT_ENCODING_FLAG, source.content_encoding)
        expiration = unsafe text(AMQP_BASIC_EXPIRATION_FLAG, source.expiration)
        priority = flags & AMQP_BASIC_PRIORITY_FLAG != 0 ? unsafe source.priority : nil
    }
}

/// The properties of a message that came.
///
/// An object, as it is handed on with its message and has a dozen references inside.
final class ReceivedProperties: Sendable {
    let value: Properties

    init(_ value: Properties) {
        self.value = value
    }

    /// - Parameter decoded: the properties of a content header of the class basic, as the library decoded them; nil for none.
    convenience init(copying decoded: UnsafeMutableRawPointer?) {
        if let decoded = unsafe decoded {
            unsafe self.init(Properties(copying: decoded.assumingMemoryBound(to: amqp_basic_properties_t.self).pointee))
        } else {
            self.init(Properties())
        }
    }
}

extension ReceivedProperties: Equatable {
    static func == (left: ReceivedProperties, right: ReceivedProperties) -> Bool { left.value == right.value }
}
