/// Looks a whole topology over, also one that was read from a broker.
extension TopologyLint {
    public static func findings(in topology: Topology) -> [TopologyFinding] {
        bindings(topology) + topology.queues.flatMap { queue($0, topology) }
    }

    private static func bindings(_ topology: Topology) -> [TopologyFinding] {
        let exchanges = Set(topology.exchanges.map(\.name))
        let queues = Set(topology.queues.map(\.name))
        return topology.bindings.filter { !$0.exchange.isEmpty }.compactMap { binding in
            if !exchanges.contains(binding.exchange) {
                return TopologyFinding(.danglingBinding, binding.name, "starts at an exchange that does not exist")
            }
            if !queues.contains(binding.queue) {
                return TopologyFinding(.danglingBinding, binding.name, "ends at a queue that does not exist")
            }
            return nil
        }
    }

    private static func queue(_ queue: Topology.Queue, _ topology: Topology) -> [TopologyFinding] {
        var findings: [TopologyFinding] = []
        if queue.type != "quorum" {
            findings.append(
                TopologyFinding(.notQuorum, queue.name, "is a \(queue.type) queue, which keeps one copy only"))
        }
        if !topology.bindings.contains(where: { $0.queue == queue.name && !$0.exchange.isEmpty }) {
            findings.append(TopologyFinding(.unboundQueue, queue.name, "is bound to no exchange"))
        }
        if queue.name.hasSuffix(".dead") { return findings }
        let policies = topology.policies.filter { $0.matches(queue.name) }
        let highest = policies.map(\.priority).max()
        let effective = policies.filter { $0.priority == highest }
        if effective.count > 1 {
            let names = effective.map(\.name).sorted().joined(separator: ", ")
            findings.append(
                TopologyFinding(.ambiguousPolicy, queue.name, "follows one of \(names), nobody knows which"))
        }
        return findings + deadLetters(of: queue, effective.first?.rules, topology)
    }

    private static func deadLetters(
        of queue: Topology.Queue, _ rules: PolicyRules?, _ topology: Topology
    ) -> [TopologyFinding] {
        guard let rules, let exchange = rules.deadLetterExchange else {
            return [TopologyFinding(.missingDeadLetterTarget, queue.name, "drops what it gives up")]
        }
        var findings: [TopologyFinding] = []
        let key = rules.deadLetterRoutingKey ?? queue.name
        let isReached =
            exchange.isEmpty
            ? topology.queues.contains { $0.name == key }
            : topology.bindings.contains { $0.exchange == exchange && $0.routingKey == key }
        if !isReached {
            let code: TopologyFinding.Code =
                exchange == TopologyNames.dead ? .missingDeadQueue : .missingDeadLetterTarget
            let target = exchange.isEmpty ? key : "\(exchange) with the key \(key)"
            findings.append(TopologyFinding(code, queue.name, "gives up to \(target), where no queue is"))
        }
        if rules.deadLetterStrategy != "at-least-once" || rules.overflow != "reject-publish" {
            findings.append(
                TopologyFinding(
                    .unsafeDeadLettering, queue.name, "needs at-least-once and reject-publish, or loses dead letters"))
        }
        return findings
    }
}

extension Topology.Policy {
    /// Whether a queue follows the policy. A pattern we cannot read matches nothing.
    package func matches(_ queue: String) -> Bool {
        guard let expression = try? Regex(pattern) else { return false }
        return queue.contains(expression)
    }
}
