/// A message as a broker carries it: properties, headers, bytes. Knows no broker's library.
public struct WireMessage: Sendable, Hashable {
    public var properties: MessageProperties
    public var headers: MessageHeaders
    public var body: [UInt8]

    public init(properties: MessageProperties = MessageProperties(), headers: MessageHeaders = [:], body: [UInt8] = [])
    {
        self.properties = properties
        self.headers = headers
        self.body = body
    }
}

/// The basic properties of AMQP 0-9-1 that the contract uses.
public struct MessageProperties: Sendable, Hashable {
    public var messageID: String?
    public var correlationID: String?
    public var type: String?
    /// The routing key replies go to.
    public var replyTo: String?
    public var contentType: String?
    /// Seconds since 1970.
    public var timestamp: Int64?
    public var appID: String?
    /// The broker's user who published it; the broker refuses a false one.
    public var userID: String?
    /// Whether the broker keeps it on disk (delivery mode 2).
    public var isPersistent: Bool

    /// The longest text of a property, in bytes (AMQP 0-9-1, section 4.2.5.3, "short string").
    public static let textByteCountMax = 255

    /// The properties that are texts.
    static var texts: [WritableKeyPath<MessageProperties, String?>] {
        [\.messageID, \.correlationID, \.type, \.replyTo, \.contentType, \.appID, \.userID]
    }

    public init(
        messageID: String? = nil, correlationID: String? = nil, type: String? = nil, replyTo: String? = nil,
        contentType: String? = nil, timestamp: Int64? = nil, appID: String? = nil, userID: String? = nil,
        isPersistent: Bool = true
    ) {
        self.messageID = messageID
        self.correlationID = correlationID
        self.type = type
        self.replyTo = replyTo
        self.contentType = contentType
        self.timestamp = timestamp
        self.appID = appID
        self.userID = userID
        self.isPersistent = isPersistent
    }
}
