extension Topology {
    /// How often a message may be delivered without an answer before the broker itself gives it up.
    public static let deliveryLimit = 100

    /// The whole topology of some services.
    ///
    /// - Parameter passwordHashes: by user; a user without one cannot log in by password.
    public init(
        services: [ServiceDeclaration], virtualHost: String = "/", passwordHashes: [String: String] = [:],
        version: BrokerVersion = .oldestSupported
    ) {
        self.init(virtualHost: virtualHost)
        exchanges = [
            Exchange(TopologyNames.commands, .direct), Exchange(TopologyNames.replies, .direct),
            Exchange(TopologyNames.events, .topic), Exchange(TopologyNames.dead, .direct),
        ]
        for service in services { add(service) }
        if version.limitsDeliveriesByDefault { keepDeadQueues() }
        users = services.map { User($0.name, passwordHash: passwordHashes[$0.name]) }
        users.append(User(TopologyNames.tool, passwordHash: passwordHashes[TopologyNames.tool]))
        permissions = services.map(Permission.init(leastFor:)) + [.tool]
        topicPermissions = services.map(TopicPermission.init(leastFor:)) + [.tool]
    }

    private mutating func add(_ service: ServiceDeclaration) {
        for queue in service.queues {
            addWorkQueue(queue)
            addRetryQueues(of: queue, service)
        }
        let name = service.name
        if service.takesCommands {
            bind(TopologyNames.commands, TopologyNames.commandQueue(of: name), name)
        }
        if TopologyNames.hasControlQueue(name) {
            let control = TopologyNames.controlQueue(of: name)
            bind(TopologyNames.commands, control, control)
        }
        if service.takesReplies {
            bind(TopologyNames.replies, TopologyNames.replyQueue(of: name), name)
        }
        for event in service.subscriptions {
            bind(TopologyNames.events, TopologyNames.eventQueue(of: name), event.text)
        }
    }

    private mutating func addWorkQueue(_ queue: String) {
        let dead = TopologyNames.deadQueue(of: queue)
        queues += [Queue(queue), Queue(dead)]
        bind(TopologyNames.dead, dead, queue)
        var rules = PolicyRules.leadingTo(exchange: TopologyNames.dead, routingKey: queue)
        rules.deliveryLimit = Self.deliveryLimit
        policies.append(Policy(queue, pattern: Pattern.exactly([queue]), rules: rules))
    }

    private mutating func addRetryQueues(of queue: String, _ service: ServiceDeclaration) {
        for level in service.ladder(of: queue).levels {
            let exchange = Exchange(TopologyNames.retryExchange(of: service.name, level), .direct)
            if !exchanges.contains(exchange) { exchanges.append(exchange) }
            let wait = TopologyNames.retryQueue(of: queue, level)
            queues.append(Queue(wait))
            bind(exchange.name, wait, queue)
            var rules = PolicyRules.leadingTo(exchange: "", routingKey: queue)
            rules.messageTTLMilliseconds = level.milliseconds
            policies.append(Policy(wait, pattern: Pattern.exactly([wait]), rules: rules))
        }
    }

    private mutating func bind(_ exchange: String, _ queue: String, _ routingKey: String) {
        bindings.append(Binding(exchange: exchange, queue: queue, routingKey: routingKey))
    }

    /// Far more looks at a dead letter than anybody takes.
    static let deadDeliveryLimit = 1_000_000

    /// From 4.0 on a queue without a limit has one of 20, after which a message is dropped; dead queues must keep theirs.
    ///
    /// Not -1, which a policy cannot set in every version (RabbitMQ, "Quorum Queues", "Disabling the Limit") and which makes
    /// some write to disk without end (rabbitmq-server issue 14202).
    private mutating func keepDeadQueues() {
        policies.append(
            Policy("dead", pattern: #"^.*\.dead$"#, rules: PolicyRules(deliveryLimit: Self.deadDeliveryLimit)))
    }
}

extension Topology.Permission {
    /// The least a service needs: it declares nothing, reads its own queues, writes where the contract lets it.
    init(leastFor service: ServiceDeclaration) {
        var writes: [String] = []
        if service.sendsCommands { writes.append(TopologyNames.commands) }
        if service.takesCommands { writes.append(TopologyNames.replies) }
        if !service.events.isEmpty { writes.append(TopologyNames.events) }
        if !service.queues.isEmpty { writes.append(TopologyNames.dead) }
        for queue in service.queues {
            for level in service.ladder(of: queue).levels {
                let exchange = TopologyNames.retryExchange(of: service.name, level)
                if !writes.contains(exchange) { writes.append(exchange) }
            }
        }
        self.init(
            user: service.name, configure: Pattern.nothing, write: Pattern.exactly(writes),
            read: Pattern.exactly(service.queues))
    }

    /// The operators' tool: injects commands and events, reads dead queues, puts messages straight back into a queue.
    static let tool = Topology.Permission(
        user: TopologyNames.tool, configure: Pattern.nothing,
        write: Pattern.exactly([TopologyNames.commands, TopologyNames.events, TopologyNames.dead, "amq.default"]),
        read: #"^.*\.dead$"#)
}

extension Topology.TopicPermission {
    /// A service publishes its own events only.
    init(leastFor service: ServiceDeclaration) {
        self.init(
            user: service.name, exchange: TopologyNames.events, write: Pattern.exactly(service.events.map(\.text)),
            read: Pattern.nothing)
    }

    static let tool = Topology.TopicPermission(
        user: TopologyNames.tool, exchange: TopologyNames.events, write: "^.*$", read: Pattern.nothing)
}

/// Regular expressions that match some names and nothing else.
enum Pattern {
    static let nothing = "^$"

    static func exactly(_ names: [String]) -> String {
        if names.isEmpty { return nothing }
        let escaped = names.map(escape)
        return escaped.count == 1 ? "^\(escaped[0])$" : "^(\(escaped.joined(separator: "|")))$"
    }

    private static func escape(_ name: String) -> String {
        var result = ""
        for character in name {
            if ".^$*+?()[]{}|\\".contains(character) { result += "\\" }
            result.append(character)
        }
        return result
    }
}
