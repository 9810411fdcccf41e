/// The broker's file, field by field. What the broker adds (parameters, feature flags) is passed over when reading.
struct DefinitionsFile: Codable {
    struct VirtualHost: Codable {
        var name: String
    }

    struct User: Codable {
        var name: String
        var passwordHash: String
        var hashingAlgorithm: String?
        var tags: JSONValue

        enum CodingKeys: String, CodingKey {
            case name
            case passwordHash = "password_hash"
            case hashingAlgorithm = "hashing_algorithm"
            case tags
        }
    }

    struct Permission: Codable {
        var user, vhost, configure, write, read: String
    }

    struct TopicPermission: Codable {
        var user, vhost, exchange, write, read: String
    }

    struct Policy: Codable {
        var vhost, name, pattern: String
        var applyTo: String
        var definition: PolicyDefinition
        var priority: Int

        enum CodingKeys: String, CodingKey {
            case vhost, name, pattern
            case applyTo = "apply-to"
            case definition, priority
        }
    }

    struct Queue: Codable {
        var name, vhost: String
        var isDurable, isAutoDelete: Bool
        var arguments: JSONValue

        enum CodingKeys: String, CodingKey {
            case name, vhost
            case isDurable = "durable"
            case isAutoDelete = "auto_delete"
            case arguments
        }
    }

    struct Exchange: Codable {
        var name, vhost, type: String
        var isDurable, isAutoDelete: Bool
        var isInternal: Bool?
        var arguments: JSONValue

        enum CodingKeys: String, CodingKey {
            case name, vhost, type
            case isDurable = "durable"
            case isAutoDelete = "auto_delete"
            case isInternal = "internal"
            case arguments
        }
    }

    struct Binding: Codable {
        var source, vhost, destination, destinationType, routingKey: String
        var arguments: JSONValue

        enum CodingKeys: String, CodingKey {
            case source, vhost, destination
            case destinationType = "destination_type"
            case routingKey = "routing_key"
            case arguments
        }
    }

    var vhosts: [VirtualHost]
    var users: [User]
    var permissions: [Permission]
    var topicPermissions: [TopicPermission]
    var policies: [Policy]
    var queues: [Queue]
    var exchanges: [Exchange]
    var bindings: [Binding]

    enum CodingKeys: String, CodingKey {
        case vhosts, users, permissions
        case topicPermissions = "topic_permissions"
        case policies, queues, exchanges, bindings
    }
}

extension DefinitionsFile {
    init(_ topology: Topology) {
        let vhost = topology.virtualHost
        vhosts = [VirtualHost(name: vhost)]
        users = topology.users.map {
            User(
                name: $0.name, passwordHash: $0.passwordHash ?? "",
                hashingAlgorithm: "rabbit_password_hashing_sha256", tags: .array($0.tags.map { .string($0) }))
        }
        permissions = topology.permissions.map {
            Permission(user: $0.user, vhost: vhost, configure: $0.configure, write: $0.write, read: $0.read)
        }
        topicPermissions = topology.topicPermissions.map {
            TopicPermission(user: $0.user, vhost: vhost, exchange: $0.exchange, write: $0.write, read: $0.read)
        }
        policies = topology.policies.map {
            Policy(
                vhost: vhost, name: $0.name, pattern: $0.pattern, applyTo: "queues",
                definition: PolicyDefinition($0.rules), priority: $0.priority)
        }
        queues = topology.queues.map {
            Queue(
                name: $0.name, vhost: vhost, isDurable: true, isAutoDelete: false,
                arguments: ["x-queue-type": .string($0.type)])
        }
        exchanges = topology.exchanges.map {
            Exchange(
                name: $0.name, vhost: vhost, type: $0.kind.rawValue, isDurable: true, isAutoDelete: false,
                isInternal: false, arguments: [:])
        }
        bindings = topology.bindings.map {
            Binding(
                source: $0.exchange, vhost: vhost, destination: $0.queue, destinationType: "queue",
                routingKey: $0.routingKey, arguments: [:])
        }
    }

    func topology(virtualHost: String) -> Topology {
        Topology(
            virtualHost: virtualHost,
            exchanges: exchanges.filter { $0.vhost == virtualHost }.compactMap { exchange in
                Topology.Exchange.Kind(rawValue: exchange.type).map {
                    Topology.Exchange(exchange.name, $0, oddities: exchange.oddities)
                }
            },
            queues: queues.filter { $0.vhost == virtualHost }.map {
                Topology.Queue($0.name, type: $0.type, oddities: $0.oddities)
            },
            bindings: bindings.filter { $0.vhost == virtualHost && $0.destinationType == "queue" }.map {
                Topology.Binding(exchange: $0.source, queue: $0.destination, routingKey: $0.routingKey)
            },
            policies: policies.filter { $0.vhost == virtualHost }.map {
                Topology.Policy(
                    $0.name, pattern: $0.pattern, priority: $0.priority, rules: $0.definition.rules,
                    oddities: $0.oddities)
            },
            users: users.map { Topology.User($0.name, tags: $0.tagList, passwordHash: $0.passwordHash) },
            permissions: permissions.filter { $0.vhost == virtualHost }.map {
                Topology.Permission(user: $0.user, configure: $0.configure, write: $0.write, read: $0.read)
            },
            topicPermissions: topicPermissions.filter { $0.vhost == virtualHost }.map {
                Topology.TopicPermission(user: $0.user, exchange: $0.exchange, write: $0.write, read: $0.read)
            })
    }
}

extension DefinitionsFile.Queue {
    /// A queue that does not name its type is a classic one.
    var type: String {
        if case .string(let type) = arguments["x-queue-type"] { type } else { "classic" }
    }
}

extension DefinitionsFile.User {
    /// Tags stand in a list, or in older brokers in one text with commas.
    var tagList: [String] {
        switch tags {
        case .array(let elements): elements.compactMap { if case .string(let tag) = $0 { tag } else { nil } }
        case .string(let text): text.split(separator: ",").map { String($0) }
        default: []
        }
    }
}
