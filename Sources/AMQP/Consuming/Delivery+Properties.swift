/// What the message's sender said about it, read where it lies: each property is copied at each call, and only that one. Whoever
/// looks at one again and again keeps the copy.
extension Delivery {
    public var contentType: String? { content.head.contentType }
    public var contentEncoding: String? { content.head.contentEncoding }
    public var deliveryMode: Properties.DeliveryMode { content.head.deliveryMode }
    public var priority: UInt8? { content.head.priority }
    public var correlationID: String? { content.head.correlationID }
    public var replyTo: String? { content.head.replyTo }
    /// The time to live in milliseconds, as decimal digits.
    public var expiration: String? { content.head.expiration }
    public var messageID: String? { content.head.messageID }
    /// Seconds since 1970-01-01 UTC.
    public var timestamp: UInt64? { content.head.timestamp }
    public var type: String? { content.head.type }
    /// The broker refuses a message whose user id is not its sender's.
    public var userID: String? { content.head.userID }
    public var appID: String? { content.head.appID }

    /// All headers; ``header(_:)`` gives one without copying the others. Where tables and arrays stand more than 64 deep in
    /// each other there are none.
    public var headers: FieldTable { content.head.headers }

    /// The value of one header; of several with one name the last.
    public func header(_ name: String) -> FieldValue? { content.head.header(name) }

    /// All of them with the headers, for whoever keeps them or sends them on.
    public var properties: Properties { Properties(copying: content.head) }
}
