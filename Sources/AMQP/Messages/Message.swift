/// What travels: properties and a body.
public struct Message: Sendable, Hashable {
    public var properties: Properties
    public var body: [UInt8]

    /// A message with these bytes; persistent unless `properties` says otherwise.
    public init(_ body: [UInt8] = [], properties: Properties = Properties()) {
        self.properties = properties
        self.body = body
    }

    /// A message whose body is this text in UTF-8.
    public init(text: String, properties: Properties = Properties()) {
        self.init([UInt8](text.utf8), properties: properties)
    }
}

/// The basic properties of a message (AMQP 0-9-1, section 1.8, class basic).
///
/// Every string is a short string: at most 255 bytes of UTF-8. A longer one is refused before anything is sent.
public struct Properties: Sendable, Hashable {
    /// Whether the broker writes the message to disk.
    public enum DeliveryMode: UInt8, Sendable {
        case transient = 1
        case persistent = 2
    }

    public var contentType: String?
    public var contentEncoding: String?
    public var headers: FieldTable
    public var deliveryMode: DeliveryMode
    public var priority: UInt8?
    public var correlationID: String?
    public var replyTo: String?
    /// The time to live in milliseconds, as decimal digits.
    public var expiration: String?
    public var messageID: String?
    /// Seconds since 1970-01-01 UTC.
    public var timestamp: UInt64?
    public var type: String?
    /// The broker refuses a message whose user id is not the connection's user.
    public var userID: String?
    public var appID: String?

    /// Persistent, and nothing else set.
    public init(
        contentType: String? = nil, headers: FieldTable = [:], deliveryMode: DeliveryMode = .persistent,
        correlationID: String? = nil, replyTo: String? = nil, messageID: String? = nil, timestamp: UInt64? = nil,
        type: String? = nil, userID: String? = nil, appID: String? = nil
    ) {
        self.contentType = contentType
        self.headers = headers
        self.deliveryMode = deliveryMode
        self.correlationID = correlationID
        self.replyTo = replyTo
        self.messageID = messageID
        self.timestamp = timestamp
        self.type = type
        self.userID = userID
        self.appID = appID
    }

    /// The W3C trace context of the message, carried as the text header `traceparent`.
    public var traceparent: String? {
        get { headers["traceparent"]?.stringValue }
        set { headers["traceparent"] = newValue.map(FieldValue.string) }
    }
}
