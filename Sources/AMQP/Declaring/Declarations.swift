/// A queue as it should exist.
///
/// Limits that an operator may want to change belong into a policy; an argument is fixed for the life of the queue.
public struct QueueDeclaration: Sendable, Hashable {
    /// What keeps the messages (RabbitMQ, "Queues", `x-queue-type`).
    public enum Kind: String, Sendable {
        case quorum
        case classic
        case stream
    }

    /// What happens to a message when the queue is full.
    public enum Overflow: String, Sendable {
        case dropHead = "drop-head"
        case rejectPublish = "reject-publish"
        case rejectPublishDeadLetter = "reject-publish-dlx"
    }

    /// Where rejected, expired and over-delivered messages go.
    public struct DeadLetter: Sendable, Hashable {
        /// `atLeastOnce` needs a quorum queue with `rejectPublish`; otherwise the broker falls back to at most once.
        public enum Strategy: String, Sendable {
            case atMostOnce = "at-most-once"
            case atLeastOnce = "at-least-once"
        }

        public var exchange: String
        /// nil keeps the message's own routing key.
        public var routingKey: String?
        public var strategy: Strategy?

        public init(exchange: String, routingKey: String? = nil, strategy: Strategy? = nil) {
            self.exchange = exchange
            self.routingKey = routingKey
            self.strategy = strategy
        }
    }

    /// At most 255 bytes; empty lets the broker choose.
    public var name: String
    public var kind: Kind
    public var isDurable = true
    public var isExclusive = false
    public var isAutoDelete = false
    /// How long a message may wait.
    public var messageTTL: Duration?
    /// How long the queue may be unused before it is deleted.
    public var expires: Duration?
    public var messageCountMax: Int?
    public var byteCountMax: Int?
    public var overflow: Overflow?
    public var deadLetter: DeadLetter?
    /// How often a message may be delivered before it is dead-lettered or dropped; quorum queues only. -1 is no limit,
    /// from RabbitMQ 4.0 on.
    public var deliveryLimit: Int?
    public var hasSingleActiveConsumer = false
    /// How long a stream keeps messages, in RabbitMQ's own notation, such as `7D`.
    public var streamAgeMax: String?
    public var streamSegmentByteCountMax: Int?
    /// Arguments that have no name here.
    public var otherArguments: FieldTable = [:]

    public init(_ name: String, kind: Kind = .quorum) {
        self.name = name
        self.kind = kind
    }

    /// The arguments as the broker takes them.
    public var arguments: FieldTable {
        var table: FieldTable = ["x-queue-type": .string(kind.rawValue)]
        table["x-message-ttl"] = messageTTL.map { .int64($0.milliseconds) }
        table["x-expires"] = expires.map { .int64($0.milliseconds) }
        table["x-max-length"] = messageCountMax.map { .int64(Int64($0)) }
        table["x-max-length-bytes"] = byteCountMax.map { .int64(Int64($0)) }
        table["x-overflow"] = overflow.map { .string($0.rawValue) }
        table["x-dead-letter-exchange"] = deadLetter.map { .string($0.exchange) }
        table["x-dead-letter-routing-key"] = deadLetter?.routingKey.map { .string($0) }
        table["x-dead-letter-strategy"] = deadLetter?.strategy.map { .string($0.rawValue) }
        table["x-delivery-limit"] = deliveryLimit.map { .int64(Int64($0)) }
        if hasSingleActiveConsumer { table["x-single-active-consumer"] = true }
        table["x-max-age"] = streamAgeMax.map { .string($0) }
        table["x-stream-max-segment-size-bytes"] = streamSegmentByteCountMax.map { .int64(Int64($0)) }
        for entry in otherArguments { table[entry.name] = entry.value }
        return table
    }
}

/// An exchange as it should exist.
public struct ExchangeDeclaration: Sendable, Hashable {
    /// How it routes. A plugin's type has its own name.
    public enum Kind: Sendable, Hashable {
        case direct
        case topic
        case fanout
        case headers
        case other(String)

        var name: String {
            switch self {
            case .direct: "direct"
            case .topic: "topic"
            case .fanout: "fanout"
            case .headers: "headers"
            case .other(let name): name
            }
        }
    }

    public var name: String
    public var kind: Kind
    public var isDurable = true
    public var isAutoDelete = false
    public var isInternal = false
    public var arguments: FieldTable = [:]

    public init(_ name: String, kind: Kind) {
        self.name = name
        self.kind = kind
    }
}

/// A path from an exchange to a queue or another exchange.
public struct BindingDeclaration: Sendable, Hashable {
    public enum Destination: Sendable, Hashable {
        case queue(String)
        case exchange(String)
    }

    public var source: String
    public var destination: Destination
    public var routingKey: String
    public var arguments: FieldTable = [:]

    public init(from source: String, to destination: Destination, routingKey: String = "") {
        self.source = source
        self.destination = destination
        self.routingKey = routingKey
    }
}

/// Exchanges, queues and bindings together, declared in this order.
public struct Topology: Sendable, Hashable {
    public var exchanges: [ExchangeDeclaration]
    public var queues: [QueueDeclaration]
    public var bindings: [BindingDeclaration]

    public init(
        exchanges: [ExchangeDeclaration] = [], queues: [QueueDeclaration] = [], bindings: [BindingDeclaration] = []
    ) {
        self.exchanges = exchanges
        self.queues = queues
        self.bindings = bindings
    }

    /// Adds what is not there yet; a declaration of the same name is replaced.
    mutating func merge(_ other: Topology) {
        for exchange in other.exchanges {
            exchanges.removeAll { $0.name == exchange.name }
            exchanges.append(exchange)
        }
        for queue in other.queues {
            queues.removeAll { $0.name == queue.name }
            queues.append(queue)
        }
        for binding in other.bindings where !bindings.contains(binding) { bindings.append(binding) }
    }

    /// Removes a queue and what is bound to it.
    mutating func removeQueue(_ name: String) {
        queues.removeAll { $0.name == name }
        bindings.removeAll { $0.destination == .queue(name) }
    }

    /// Removes an exchange and what is bound from it or to it.
    mutating func removeExchange(_ name: String) {
        exchanges.removeAll { $0.name == name }
        bindings.removeAll { $0.source == name || $0.destination == .exchange(name) }
    }

    mutating func remove(_ binding: BindingDeclaration) {
        bindings.removeAll { $0 == binding }
    }
}

/// What the broker says of a queue.
public struct QueueStatus: Sendable, Hashable {
    public let name: String
    /// Messages ready for delivery.
    public let messageCount: Int
    public let consumerCount: Int
}

extension Duration {
    var milliseconds: Int64 { Int64(clamping: nanoseconds / 1_000_000) }
}
