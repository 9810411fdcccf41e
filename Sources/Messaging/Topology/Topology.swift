/// Everything a broker has to hold for the services to talk: one value, one source.
public struct Topology: Sendable, Hashable {
    public var virtualHost: String
    public var exchanges: [Exchange]
    public var queues: [Queue]
    public var bindings: [Binding]
    public var policies: [Policy]
    public var users: [User]
    public var permissions: [Permission]
    public var topicPermissions: [TopicPermission]

    public init(
        virtualHost: String = "/", exchanges: [Exchange] = [], queues: [Queue] = [], bindings: [Binding] = [],
        policies: [Policy] = [], users: [User] = [], permissions: [Permission] = [],
        topicPermissions: [TopicPermission] = []
    ) {
        self.virtualHost = virtualHost
        self.exchanges = exchanges
        self.queues = queues
        self.bindings = bindings
        self.policies = policies
        self.users = users
        self.permissions = permissions
        self.topicPermissions = topicPermissions
    }
}

extension Topology {
    public struct Exchange: Sendable, Hashable {
        public enum Kind: String, Sendable, Hashable, CaseIterable {
            case direct, topic, fanout, headers
        }

        public var name: String
        public var kind: Kind
        /// What a declared exchange never is or has, as the broker holds it: `not durable`, `alternate-exchange="lost"`.
        public var oddities: [String]

        public init(_ name: String, _ kind: Kind, oddities: [String] = []) {
            self.name = name
            self.kind = kind
            self.oddities = oddities
        }
    }

    /// A durable queue. All its limits stand in policies, which can be changed while it lives.
    public struct Queue: Sendable, Hashable {
        public var name: String
        /// `quorum`, `classic` or `stream`; cannot be changed later.
        public var type: String
        /// What a declared queue never is or has, as the broker holds it: `not durable`, `x-max-length=5`. None of it can be
        /// changed later.
        public var oddities: [String]

        public init(_ name: String, type: String = "quorum", oddities: [String] = []) {
            self.name = name
            self.type = type
            self.oddities = oddities
        }
    }

    /// What leads from an exchange to a queue.
    public struct Binding: Sendable, Hashable {
        public var exchange: String
        public var queue: String
        public var routingKey: String

        public init(exchange: String, queue: String, routingKey: String) {
            self.exchange = exchange
            self.queue = queue
            self.routingKey = routingKey
        }
    }

    /// Settings for the queues whose name a pattern matches. A queue follows one policy, that of the highest priority.
    public struct Policy: Sendable, Hashable {
        public var name: String
        /// A regular expression over names of queues.
        public var pattern: String
        public var priority: Int
        public var rules: PolicyRules
        /// What a declared policy never has, as the broker holds it: `applies to exchanges`, `max-length=5`.
        public var oddities: [String]

        public init(
            _ name: String, pattern: String, priority: Int = 0, rules: PolicyRules, oddities: [String] = []
        ) {
            self.name = name
            self.pattern = pattern
            self.priority = priority
            self.rules = rules
            self.oddities = oddities
        }
    }

    public struct User: Sendable, Hashable {
        public var name: String
        public var tags: [String]
        /// As the broker keeps it (salted SHA-256, base 64); nil where no password is declared here.
        public var passwordHash: String?

        public init(_ name: String, tags: [String] = [], passwordHash: String? = nil) {
            self.name = name
            self.tags = tags
            self.passwordHash = passwordHash
        }
    }

    /// What a user may do, as regular expressions over names of exchanges and queues.
    public struct Permission: Sendable, Hashable {
        public var user: String
        public var configure: String
        public var write: String
        public var read: String

        public init(user: String, configure: String, write: String, read: String) {
            self.user = user
            self.configure = configure
            self.write = write
            self.read = read
        }
    }

    /// Which routing keys a user may use on a topic exchange.
    public struct TopicPermission: Sendable, Hashable {
        public var user: String
        public var exchange: String
        public var write: String
        public var read: String

        public init(user: String, exchange: String, write: String, read: String) {
            self.user = user
            self.exchange = exchange
            self.write = write
            self.read = read
        }
    }
}
