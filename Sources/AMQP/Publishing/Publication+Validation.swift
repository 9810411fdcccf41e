extension Publication {
    /// Checks what the encoder would refuse without a name, before anything is encoded.
    ///
    /// - Throws: `messageTooLarge` or `invalidArgument`, naming the part.
    func validate(bodyByteCountMax: Int) throws(AMQPError) {
        guard message.body.count <= bodyByteCountMax else {
            throw AMQPError(
                .messageTooLarge,
                "the body is \(message.body.count) bytes long; the limit is \(bodyByteCountMax). "
                    + "Send a reference to the data instead, or raise bodyByteCountMax.")
        }
        try ShortString.check(exchange, "the exchange's name")
        try ShortString.check(routingKey, "the routing key")
        try message.properties.validate()
    }
}

extension Properties {
    /// - Throws: `invalidArgument` for a string that is no short string, naming the property.
    func validate() throws(AMQPError) {
        try Self.check(contentType, "contentType")
        try Self.check(contentEncoding, "contentEncoding")
        try Self.check(correlationID, "correlationID")
        try Self.check(replyTo, "replyTo")
        try Self.check(expiration, "expiration")
        try Self.check(messageID, "messageID")
        try Self.check(type, "type")
        try Self.check(userID, "userID")
        try Self.check(appID, "appID")
        try headers.checkNames("the name of a header")
    }

    private static func check(_ text: String?, _ property: StaticString) throws(AMQPError) {
        guard let text, text.utf8.count > ShortString.byteCountMax else { return }
        try ShortString.check(text, "the property \(property)")
    }
}
