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
}
