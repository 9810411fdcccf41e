import Glibc
import LocalServers
import Messaging
import Testing

@testable import Skald

@Suite struct TopologyCommandTests {
    private static let sagas = #filePath.split(separator: "/").dropLast(4).reduce("") { $0 + "/" + $1 } + "/sagas"

    @Test func whatIsAppliedIsThereAndWhatDiffersIsNamed() async throws {
        let broker = try await SharedServers.rabbit()
        try await broker.withVirtualHost { virtualHost in
            let command = TopologyCommand(
                Arguments(values: ["sagas": [Self.sagas], "vhost": [virtualHost]]), control: broker.control)
            let before = try await command.change()
            #expect(before.differences.contains { $0.description == "queue kitchen.commands is missing" })
            try await command.control.importDefinitions(try before.definitions(passwordHashes: [:]))
            #expect(Self.ours(try await command.change()).isEmpty)

            try await spoil(broker, virtualHost)
            let spoilt = try await command.change()
            let seen = Self.ours(spoilt).map { $0.description.prefix { $0 != "," } }
            #expect(
                Set(seen.map { String($0.prefix(64)) })
                    == [
                        "binding skald.commands -[kitchen]-> kitchen.commands is missing",
                        "binding skald.commands -[other]-> kitchen.commands is not declared by any service",
                        "policy kitchen.commands is ^kitchen\\.commands$ priority 0: delivery-limit=3",
                        "permission kitchen is configure .* write .* read .*",
                    ].map { String($0.prefix(64)) }.reduce(into: Set()) { $0.insert($1) })
            #expect(spoilt.differences.allSatisfy { !$0.remedy.isEmpty })

            try await command.control.importDefinitions(try spoilt.definitions(passwordHashes: [:]))
            for binding in spoilt.surplusBindings { try await command.control.remove(binding, in: virtualHost) }
            #expect(Self.ours(try await command.change()).isEmpty)
        }
    }

    @Test func theBrokersVersionDecidesWhatIsDeclared() async throws {
        let broker = try await SharedServers.rabbit()
        let version = try BrokerVersion(supported: try await broker.version())
        #expect(version == (try await broker.control.export()).version)
    }

    @Test func whatLosesMessagesStandsInTheWay() async throws {
        let broker = try await SharedServers.rabbit()
        try await broker.withVirtualHost { virtualHost in
            let file = #"""
                {"vhosts":[],"users":[],"permissions":[],"topic_permissions":[],"policies":[],"bindings":[],
                 "queues":[{"name":"order.commands","vhost":"HOST","durable":true,"auto_delete":false,
                   "arguments":{"x-queue-type":"quorum","x-max-length":5,"x-overflow":"drop-head"}}],
                 "exchanges":[{"name":"skald.events","vhost":"HOST","type":"topic","durable":false,
                   "auto_delete":false,"internal":false,"arguments":{}}]}
                """#
            try await broker.control.importDefinitions(Array(file.replacing("HOST", with: virtualHost).utf8))
            let command = TopologyCommand(
                Arguments(values: ["sagas": [Self.sagas], "vhost": [virtualHost]]), control: broker.control)
            let before = try await command.change()
            try await command.control.importDefinitions(try before.definitions(passwordHashes: [:]))
            let after = try await command.change()
            #expect(
                after.obstacles.map(\.description) == [
                    "exchange skald.events is topic, not durable, wanted topic",
                    #"queue order.commands is quorum, x-max-length=5, x-overflow="drop-head", wanted quorum"#,
                ])
            #expect(Self.ours(after) == after.obstacles, "all else is there")
        }
    }

    /// Users belong to the whole broker: other tests leave theirs.
    private static func ours(_ change: TopologyChange) -> [TopologyDifference] {
        change.differences.filter { !$0.description.hasPrefix("user ") }
    }

    private func spoil(_ broker: RabbitServer, _ virtualHost: String) async throws {
        let topology = Topology.self
        try await broker.control.remove(
            topology.Binding(exchange: "skald.commands", queue: "kitchen.commands", routingKey: "kitchen"),
            in: virtualHost)
        var other = Topology(virtualHost: virtualHost)
        other.bindings = [
            topology.Binding(exchange: "skald.commands", queue: "kitchen.commands", routingKey: "other")
        ]
        other.policies = [
            topology.Policy(
                "kitchen.commands", pattern: #"^kitchen\.commands$"#, rules: PolicyRules(deliveryLimit: 3))
        ]
        other.permissions = [topology.Permission(user: "kitchen", configure: ".*", write: ".*", read: ".*")]
        try await broker.control.importDefinitions(try other.definitions())
    }
}

extension RabbitServer {
    /// The broker's own tool, as the commands use it.
    var control: BrokerControl {
        BrokerControl { arguments, input in
            if input.isEmpty { return Array(try await self.ctl(arguments).utf8) }
            let path = "/tmp/skald-definitions-\(UInt64.random(in: 0 ... .max)).json"
            try writeFile(path, input)
            defer { unlink(path) }
            return Array(try await self.ctl(arguments + [path]).utf8)
        }
    }
}
