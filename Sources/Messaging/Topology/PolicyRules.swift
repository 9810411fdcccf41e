/// The settings of a policy that the contract uses.
public struct PolicyRules: Sendable, Hashable {
    public var messageTTLMilliseconds: Int64?
    /// Empty names the default exchange.
    public var deadLetterExchange: String?
    public var deadLetterRoutingKey: String?
    /// `at-least-once` or `at-most-once`.
    public var deadLetterStrategy: String?
    /// `reject-publish` or `drop-head`.
    public var overflow: String?
    /// Deliveries without an answer before a message is dead-lettered, or dropped where it leads nowhere.
    public var deliveryLimit: Int?

    public init(
        messageTTLMilliseconds: Int64? = nil, deadLetterExchange: String? = nil, deadLetterRoutingKey: String? = nil,
        deadLetterStrategy: String? = nil, overflow: String? = nil, deliveryLimit: Int? = nil
    ) {
        self.messageTTLMilliseconds = messageTTLMilliseconds
        self.deadLetterExchange = deadLetterExchange
        self.deadLetterRoutingKey = deadLetterRoutingKey
        self.deadLetterStrategy = deadLetterStrategy
        self.overflow = overflow
        self.deliveryLimit = deliveryLimit
    }

    /// Nothing is dropped on the way to where a message is dead-lettered to. `at-least-once` needs `reject-publish`.
    static func leadingTo(exchange: String, routingKey: String) -> PolicyRules {
        PolicyRules(
            deadLetterExchange: exchange, deadLetterRoutingKey: routingKey, deadLetterStrategy: "at-least-once",
            overflow: "reject-publish")
    }
}

extension PolicyRules: Codable {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case messageTTLMilliseconds = "message-ttl"
        case deadLetterExchange = "dead-letter-exchange"
        case deadLetterRoutingKey = "dead-letter-routing-key"
        case deadLetterStrategy = "dead-letter-strategy"
        case overflow
        case deliveryLimit = "delivery-limit"
    }
}
