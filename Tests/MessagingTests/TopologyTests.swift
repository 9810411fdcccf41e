import Messaging
import Testing

@Suite struct TopologyTests {
    static let services: [ServiceDeclaration] = [
        .orchestrator(subscriptions: ["order.created"]),
        ServiceDeclaration(name: "order", events: ["order.created", "order.approved"]),
        ServiceDeclaration(
            name: "kitchen", subscriptions: ["order.approved"],
            // Allowed (try!): a ladder of one good delay, in a table that cannot throw.
            queueLadders: ["kitchen.events": try! RetryLadder(delays: [.seconds(10)])]),
    ]

    private let topology = Topology(services: services)

    @Test func aServiceGetsItsQueuesWithRetryAndDeadLetters() {
        let kitchen = topology.queues.map(\.name).filter { $0.hasPrefix("kitchen.") }
        #expect(
            kitchen == [
                "kitchen.commands", "kitchen.commands.dead", "kitchen.commands.retry.1s", "kitchen.commands.retry.5s",
                "kitchen.commands.retry.30s", "kitchen.commands.retry.2m", "kitchen.control", "kitchen.control.dead",
                "kitchen.events", "kitchen.events.dead", "kitchen.events.retry.10s",
            ])
        #expect(topology.queues.allSatisfy { $0.type == "quorum" })
        let bindings = topology.bindings
        #expect(bindings.contains(.init(exchange: "skald.commands", queue: "kitchen.commands", routingKey: "kitchen")))
        #expect(
            bindings.contains(
                .init(exchange: "skald.commands", queue: "kitchen.control", routingKey: "kitchen.control")))
        #expect(!bindings.contains { $0.queue == "orchestrator.control" })
        #expect(
            bindings.contains(.init(exchange: "skald.events", queue: "kitchen.events", routingKey: "order.approved")))
        #expect(
            bindings.contains(
                .init(exchange: "kitchen.retry.1s", queue: "kitchen.commands.retry.1s", routingKey: "kitchen.commands"))
        )
        #expect(
            bindings.contains(
                .init(exchange: "skald.dead", queue: "kitchen.commands.dead", routingKey: "kitchen.commands")))
        #expect(
            bindings.contains(
                .init(exchange: "skald.replies", queue: "orchestrator.replies", routingKey: "orchestrator")))
    }

    @Test func limitsArePoliciesAndLoseNothing() throws {
        let wait = try #require(topology.policies.first { $0.name == "kitchen.commands.retry.30s" })
        #expect(wait.pattern == #"^kitchen\.commands\.retry\.30s$"#)
        #expect(
            wait.rules
                == PolicyRules(
                    messageTTLMilliseconds: 30_000, deadLetterExchange: "", deadLetterRoutingKey: "kitchen.commands",
                    deadLetterStrategy: "at-least-once", overflow: "reject-publish"))
        let work = try #require(topology.policies.first { $0.name == "kitchen.commands" })
        #expect(work.rules.deliveryLimit == 100 && work.rules.deadLetterExchange == "skald.dead")
        #expect(work.rules.deadLetterRoutingKey == "kitchen.commands")
    }

    @Test func onlyNewerBrokersAreToldToKeepDeadLetters() {
        #expect(!topology.policies.contains { $0.matches("kitchen.events.dead") })
        for version in ["4.0.0", "4.3.1", "5.0"] {
            let newer = Topology(services: Self.services, version: BrokerVersion(version) ?? .oldestSupported)
            let limits = newer.policies.filter { $0.matches("kitchen.events.dead") }.map(\.rules.deliveryLimit)
            #expect(limits == [1_000_000])
        }
    }

    @Test func everyUserHasTheLeastRights() throws {
        let kitchen = try #require(topology.permissions.first { $0.user == "kitchen" })
        #expect(kitchen.configure == "^$")
        let allowed = ["skald.replies", "skald.dead", "kitchen.retry.1s", "kitchen.retry.10s"]
        let refused = [
            "skald.commands", "skald.events", "order.retry.1s", "kitchen.commands", "amq.default", "skaldXdead",
            "xkitchen.retry.1s",
        ]
        let write = try Regex(kitchen.write)
        #expect(allowed.allSatisfy { $0.contains(write) })
        #expect(refused.allSatisfy { !$0.contains(write) })
        let read = try Regex(kitchen.read)
        #expect("kitchen.commands".contains(read) && !"kitchen.commands.dead".contains(read))
        #expect(!"order.commands".contains(read))

        let order = try #require(topology.topicPermissions.first { $0.user == "order" })
        let keys = try Regex(order.write)
        #expect("order.created".contains(keys) && !"kitchen.opened".contains(keys) && !"order.created2".contains(keys))
        let silent = try #require(topology.topicPermissions.first { $0.user == "kitchen" })
        #expect(silent.write == "^$")
        let orchestrator = try #require(topology.permissions.first { $0.user == "orchestrator" })
        #expect("skald.commands".contains(try Regex(orchestrator.write)))
    }

    @Test func theDefinitionsFileIsReadBackAsItWas() throws {
        var topology = topology
        topology.users[0].passwordHash = "hash"
        for index in topology.users.indices.dropFirst() { topology.users[index].passwordHash = "" }
        #expect(try Topology(definitions: topology.definitions()) == topology)
    }

    @Test func aFileOfTheBrokerIsReadWithAllItAdds() throws {
        let file = #"""
            {"rabbit_version":"3.10.8","rabbitmq_version":"3.10.8","product_name":"RabbitMQ",
             "users":[{"hashing_algorithm":"rabbit_password_hashing_sha256","limits":{},"name":"guest",
               "password_hash":"x","tags":["administrator"]},
               {"hashing_algorithm":"rabbit_password_hashing_sha256","limits":{},"name":"old","password_hash":"y",
               "tags":"monitoring,management"}],
             "vhosts":[{"limits":[],"metadata":{"description":"d","tags":[]},"name":"/"},{"name":"other"}],
             "permissions":[{"configure":".*","read":".*","user":"guest","vhost":"/","write":".*"}],
             "topic_permissions":[],"parameters":[],"global_parameters":[{"name":"cluster_name","value":"x"}],
             "policies":[{"apply-to":"queues","definition":{"message-ttl":5,"max-length":3},"name":"p","pattern":"^a$",
               "priority":1,"vhost":"/"}],
             "queues":[{"arguments":{"x-queue-type":"quorum"},"auto_delete":false,"durable":true,"name":"a","type":"quorum",
               "vhost":"/"},{"arguments":{},"auto_delete":false,"durable":true,"name":"b","vhost":"other"}],
             "exchanges":[{"arguments":{},"auto_delete":false,"durable":true,"internal":false,"name":"e","type":"direct",
               "vhost":"/"}],
             "bindings":[{"arguments":{},"destination":"a","destination_type":"queue","routing_key":"k","source":"e",
               "vhost":"/"}]}
            """#
        let found = try Topology(definitions: Array(file.utf8))
        #expect(found.queues == [Topology.Queue("a")])
        #expect(found.users.map(\.tags) == [["administrator"], ["monitoring", "management"]])
        #expect(found.policies[0].rules.messageTTLMilliseconds == 5)
    }

    @Test func whatDiffersIsNamedWithWhatMendsIt() {
        var found = topology
        found.queues.removeAll { $0.name == "kitchen.events" }
        found.queues.append(Topology.Queue("stray", type: "classic"))
        if let index = found.queues.firstIndex(where: { $0.name == "order.commands" }) {
            found.queues[index].type = "classic"
        }
        if let index = found.policies.firstIndex(where: { $0.name == "kitchen.commands" }) {
            found.policies[index].rules.deliveryLimit = 5
        }
        found.exchanges.append(Topology.Exchange("amq.direct", .direct))
        found.users.append(Topology.User("guest", tags: ["administrator"]))
        found.permissions.append(Topology.Permission(user: "guest", configure: ".*", write: ".*", read: ".*"))

        let differences = topology.differences(fromFound: found)
        #expect(differences.map(\.kind) == [.queue, .queue, .policy, .queue])
        #expect(differences.map(\.name) == ["kitchen.events", "order.commands", "kitchen.commands", "stray"])
        #expect(differences[0].description == "queue kitchen.events is missing")
        #expect(differences[1].description == "queue order.commands is classic, wanted quorum")
        #expect(differences[2].description.contains("delivery-limit=5, wanted"))
        #expect(differences[3].remedy == "rabbitmqctl -p / delete_queue stray --if-empty")
        #expect(topology.differences(fromFound: topology).isEmpty)
    }

    @Test func whatMayLoseMessagesIsADifference() throws {
        let topology = Topology(
            exchanges: [Topology.Exchange("e", .topic)], queues: [Topology.Queue("a"), Topology.Queue("b")],
            policies: [Topology.Policy("p", pattern: "^a$", rules: PolicyRules(deliveryLimit: 3))])
        var file = String(decoding: try topology.definitions(), as: UTF8.self).filter { !$0.isWhitespace }
        #expect(topology.differences(fromFound: try Topology(definitions: Array(file.utf8))).isEmpty)
        for (part, other) in [
            (#""arguments":{"x-queue-type":"quorum"}"#, #""arguments":{"x-overflow":"drop-head","x-max-length":5}"#),
            (#""name":"b","vhost":"/","durable":true"#, #""name":"b","vhost":"/","durable":false"#),
            (#""topic","durable":true,"auto_delete":false"#, #""topic","durable":false,"auto_delete":true"#),
            (#""internal":false,"arguments":{}"#, #""internal":true,"arguments":{"alternate-exchange":"lost"}"#),
            (#""apply-to":"queues","definition":{"#, #""apply-to":"exchanges","definition":{"max-length":9,"#),
        ] {
            let range = try #require(file.firstRange(of: part))
            file.replaceSubrange(range, with: other)
        }
        let differences = topology.differences(fromFound: try Topology(definitions: Array(file.utf8)))
        #expect(
            differences.map(\.description) == [
                #"exchange e is topic, not durable, auto-delete, internal, alternate-exchange="lost", wanted topic"#,
                #"queue a is classic, x-max-length=5, x-overflow="drop-head", wanted quorum"#,
                "queue b is quorum, not durable, wanted quorum",
                "policy p is ^a$ priority 0: delivery-limit=3 applies to exchanges max-length=9,"
                    + " wanted ^a$ priority 0: delivery-limit=3",
            ])
    }

    @Test func aSoundTopologyHasNoFindings() {
        #expect(TopologyLint.findings(in: topology).isEmpty)
        #expect(
            TopologyLint.findings(
                in: Self.services, inboxRetention: .seconds(14 * 86_400), redriveHorizon: .seconds(86_400)
            )
            .isEmpty)
    }

    @Test func everyFindingIsFound() {
        var broken = topology
        broken.bindings.removeAll { $0.queue == "kitchen.commands" || $0.queue == "order.commands.dead" }
        broken.queues.removeAll { $0.name == "kitchen.events" }
        broken.queues.append(Topology.Queue("stray", type: "classic"))
        broken.policies.append(Topology.Policy("second", pattern: "^kitchen.*commands$", rules: PolicyRules()))
        if let index = broken.policies.firstIndex(where: { $0.name == "order.commands.retry.1s" }) {
            broken.policies[index].rules.deadLetterStrategy = nil
        }
        let codes = Dictionary(grouping: TopologyLint.findings(in: broken), by: \.code).mapValues { $0.map(\.name) }
        #expect(codes[.unboundQueue] == ["order.commands.dead", "kitchen.commands", "stray"])
        #expect(codes[.danglingBinding] == ["skald.events -[order.approved]-> kitchen.events"])
        #expect(codes[.missingDeadQueue] == ["order.commands"])
        #expect(codes[.missingDeadLetterTarget] == ["kitchen.events.retry.10s", "stray"])
        #expect(codes[.ambiguousPolicy] == ["kitchen.commands"])
        #expect(codes[.unsafeDeadLettering] == ["order.commands.retry.1s"])
        #expect(codes[.notQuorum] == ["stray"])
    }

    @Test func declarationsAreLookedOver() {
        let services = [
            ServiceDeclaration(name: "Kitchen", subscriptions: ["order.lost"], events: ["order.created"]),
            ServiceDeclaration(name: "order"), ServiceDeclaration(name: "order"),
        ]
        let findings = TopologyLint.findings(
            in: services, inboxRetention: .seconds(3600), redriveHorizon: .seconds(7 * 86_400))
        let codes = Set(findings.map(\.code))
        #expect(codes == [.badServiceName, .foreignEvent, .unknownEvent, .duplicateService, .retentionTooShort])
    }

    @Test(arguments: [
        ("kitchen", true), ("order-history", true), ("k2", true), ("", false), ("skald", false), ("2k", false),
        ("Kitchen", false), ("kit.chen", false), ("kitchen-", false), ("küche", false),
    ])
    func namesOfServicesAreChecked(name: String, isName: Bool) {
        #expect(TopologyNames.isServiceName(name) == isName)
    }
}
