/// The command that mends a difference.
struct TopologyRemedies {
    let virtualHost: String

    private static let apply = "skald topology apply"

    func remedy(_ kind: TopologyDifference.Kind, _ name: String, _ nature: TopologyDifference.Nature) -> String {
        switch (nature, kind) {
        case (.missing, _): Self.apply
        case (.changed, .exchange):
            "rabbitmqctl eval 'rabbit_exchange:delete(rabbit_misc:r(<<\"\(virtualHost)\">>, exchange, <<\"\(name)\">>), false, <<\"operator\">>).' && \(Self.apply)"
        case (.changed, .queue):
            "empty the queue, then rabbitmqctl -p \(virtualHost) delete_queue \(name) && \(Self.apply)"
        case (.changed, _): Self.apply
        case (.unexpected, .exchange):
            "rabbitmqctl eval 'rabbit_exchange:delete(rabbit_misc:r(<<\"\(virtualHost)\">>, exchange, <<\"\(name)\">>), true, <<\"operator\">>).'"
        case (.unexpected, .queue): "rabbitmqctl -p \(virtualHost) delete_queue \(name) --if-empty"
        case (.unexpected, .binding): "unbind it: skald topology apply --prune"
        case (.unexpected, .policy): "rabbitmqctl -p \(virtualHost) clear_policy \(name)"
        case (.unexpected, .user): "rabbitmqctl delete_user \(name)"
        case (.unexpected, .permission): "rabbitmqctl -p \(virtualHost) clear_permissions \(name)"
        case (.unexpected, .topicPermission):
            "rabbitmqctl -p \(virtualHost) clear_topic_permissions \(name.prefix { $0 != " " })"
        }
    }
}

extension Topology.Exchange {
    var isBuiltIn: Bool { name.isEmpty || name.hasPrefix("amq.") }
    var shown: String { ([kind.rawValue] + oddities).joined(separator: ", ") }
}

extension Topology.Queue {
    var shown: String { ([type] + oddities).joined(separator: ", ") }
}

extension Topology.Binding {
    var name: String { "\(exchange) -[\(routingKey)]-> \(queue)" }
}

extension Topology.User {
    var isAdministrator: Bool { tags.contains("administrator") }
    var shown: String { tags.isEmpty ? "without tags" : "tagged \(tags.sorted().joined(separator: ", "))" }
}

extension Topology.Permission {
    var shown: String { "configure \(configure) write \(write) read \(read)" }
}

extension Topology.TopicPermission {
    var name: String { "\(user) on \(exchange)" }
    var shown: String { "write \(write) read \(read)" }
}

extension Topology.Policy {
    /// The settings in a fixed order, so that two can be compared by eye.
    var shown: String {
        let settings: [(String, String?)] = [
            ("message-ttl", rules.messageTTLMilliseconds.map { String($0) }),
            ("dead-letter-exchange", rules.deadLetterExchange.map { "\"\($0)\"" }),
            ("dead-letter-routing-key", rules.deadLetterRoutingKey), ("dead-letter-strategy", rules.deadLetterStrategy),
            ("overflow", rules.overflow), ("delivery-limit", rules.deliveryLimit.map { String($0) }),
        ]
        let shown = settings.compactMap { name, value in value.map { "\(name)=\($0)" } } + oddities
        return "\(pattern) priority \(priority): \(shown.joined(separator: " "))"
    }
}
