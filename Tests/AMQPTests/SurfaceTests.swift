import Testing

@testable import AMQP

@Suite struct ConnectionURLTests {
    @Test func theWholeFormIsRead() throws {
        let configuration = try ConnectionConfiguration(url: "amqp://u%40x:p%3Aw@a:1,b,[::1]:3/my%2fhost")
        #expect(configuration.hosts == [.init("a", port: 1), .init("b", port: 5672), .init("::1", port: 3)])
        #expect(configuration.virtualHost == "my/host")
        #expect(try configuration.credentials() == .password(user: "u@x", password: "p:w"))
        #expect(configuration.tls == nil)
    }

    @Test func whatIsLeftOutHasDefaults() throws {
        let configuration = try ConnectionConfiguration(url: "amqps://broker")
        #expect(configuration.hosts == [.init("broker", port: 5671)])
        #expect(configuration.virtualHost == "/")
        #expect(configuration.tls != nil)
        #expect(try ConnectionConfiguration(url: "amqp://h/").virtualHost == "/")
    }

    @Test(arguments: [
        "http://h", "amqp://h:port", "amqp://h:1:2", "amqp://u:%zz@h", "amqp://h/a/b", "amqp://h/%f", "amqp://[::1", "",
        "amqp://h/v?heartbeat=1", "amqp://h/v@w",
    ]) func whatCannotBeReadIsRefused(url: String) {
        let error = #expect(throws: AMQPError.self) { try ConnectionConfiguration(url: url) }
        #expect(error?.code == .invalidArgument)
    }

    @Test func thePasswordIsNeverInTheError() {
        let error = #expect(throws: AMQPError.self) { try ConnectionConfiguration(url: "amqp://u:secret@h:x/") }
        #expect(error?.description.contains("secret") == false)
        for url in ["amqp://u:sec/ret@h", "amqp://u:sec/ret@h/v", "amqp://u:12/sec@h", "amqp://sec/ret@h:1/v"] {
            let error = #expect(throws: AMQPError.self) { try ConnectionConfiguration(url: url) }
            #expect(error?.description.contains("sec") == false && error?.message.contains("%2f") == true)
        }
        #expect(String(describing: Credentials.password(user: "u", password: "secret")) == "user u")
    }
}

@Suite struct ConnectionConfigurationTests {
    @Test func settingsThatCannotBeAreNamed() {
        let changes: [(name: String, change: (inout ConnectionConfiguration) -> Void)] = [
            ("host", { $0.hosts = [] }), ("virtual host", { $0.virtualHost = String(repeating: "v", count: 256) }),
            ("frameByteCountMax", { $0.frameByteCountMax = 4095 }),
            ("frameByteCountMax", { $0.frameByteCountMax = 16 * 1024 * 1024 + 1 }),
            ("channelCountMax", { $0.channelCountMax = 0 }), ("bodyByteCountMax", { $0.bodyByteCountMax = -1 }),
            ("heartbeat", { $0.heartbeat = .seconds(-1) }), ("heartbeat", { $0.heartbeat = .milliseconds(500) }),
            ("heartbeat", { $0.heartbeat = .seconds(65_536) }),
        ]
        for (name, change) in changes {
            var configuration = ConnectionConfiguration()
            change(&configuration)
            let error = #expect(throws: AMQPError.self) { try configuration.validate() }
            #expect(error?.code == .invalidArgument && error?.message.contains(name) == true)
        }
        #expect(throws: Never.self) { try ConnectionConfiguration().validate() }
    }
}

@Suite struct DeclarationDifferenceTests {
    @Test func theBrokersTextIsRead() throws {
        let text =
            "PRECONDITION_FAILED - inequivalent arg 'x-message-ttl' for queue 'orders' in vhost '/': "
            + "received the value '5' of type 'signedint' but current is none"
        let difference = try #require(DeclarationDifference(brokerText: text))
        #expect(difference.entityKind == "queue")
        #expect(difference.entityName == "orders")
        #expect(difference.property == "x-message-ttl")
        #expect(difference.wanted == "5")
        #expect(difference.found == "none")
        let error = AMQPError.fromBroker(replyCode: 406, text: text, on: .channel).explainingDifference
        #expect(error.code == .preconditionFailed)
        #expect(error.declarationDifference == difference)
        #expect(error.message.contains("x-message-ttl is none, declared as 5"))
    }

    @Test func anExchangesTypeIsRead() throws {
        let text =
            "PRECONDITION_FAILED - inequivalent arg 'type' for exchange 'e' in vhost '/': received 'topic' but current is 'direct'"
        let difference = try #require(DeclarationDifference(brokerText: text))
        #expect(difference.entityKind == "exchange")
        #expect(difference.wanted == "topic")
        #expect(difference.found == "direct")
    }

    @Test func otherTextsAreNoDifference() {
        #expect(DeclarationDifference(brokerText: "PRECONDITION_FAILED - unknown delivery tag 7") == nil)
        #expect(DeclarationDifference(brokerText: "") == nil)
    }
}

@Suite struct QueueDeclarationTests {
    @Test func everyOptionBecomesItsArgument() {
        var queue = QueueDeclaration("q", kind: .quorum)
        queue.messageTTL = .seconds(5)
        queue.expires = .seconds(60)
        queue.messageCountMax = 10
        queue.byteCountMax = 20
        queue.overflow = .rejectPublish
        queue.deadLetter = .init(exchange: "skald.dead", routingKey: "q", strategy: .atLeastOnce)
        queue.deliveryLimit = 100
        queue.hasSingleActiveConsumer = true
        queue.otherArguments = ["x-custom": "c"]
        #expect(
            queue.arguments == [
                "x-queue-type": "quorum", "x-message-ttl": 5000, "x-expires": 60000, "x-max-length": 10,
                "x-max-length-bytes": 20, "x-overflow": "reject-publish", "x-dead-letter-exchange": "skald.dead",
                "x-dead-letter-routing-key": "q", "x-dead-letter-strategy": "at-least-once", "x-delivery-limit": 100,
                "x-single-active-consumer": true, "x-custom": "c",
            ])
    }

    @Test func aStreamsLimitsAreItsOwn() {
        var queue = QueueDeclaration("s", kind: .stream)
        queue.streamAgeMax = "7D"
        queue.streamSegmentByteCountMax = 1000
        #expect(
            queue.arguments == ["x-queue-type": "stream", "x-max-age": "7D", "x-stream-max-segment-size-bytes": 1000])
    }
}

@Suite struct TopologyStepTests {
    @Test func whatIsTriedAgainIsWhatIsWantedNow() {
        var topology = Topology(
            exchanges: [ExchangeDeclaration("x", kind: .topic)],
            queues: [QueueDeclaration("gone"), QueueDeclaration("changed")])
        let failed = Array(topology.steps.reversed())
        topology.removeQueue("gone")
        topology.merge(Topology(queues: [QueueDeclaration("changed", kind: .classic)]))
        let wanted = topology.asWantedNow(failed)
        #expect(wanted.map(\.name) == ["queue changed", "exchange x"])
        #expect(wanted.first?.method == QueueDeclaration("changed", kind: .classic).method(passive: false))
    }

    @Test func bindingsAreToldApartByAllThatMakesThemDiffer() {
        var bindings = [
            BindingDeclaration(from: "x", to: .queue("q"), routingKey: "a"),
            BindingDeclaration(from: "x", to: .queue("q"), routingKey: "b"),
            BindingDeclaration(from: "x", to: .exchange("q"), routingKey: "a"),
            BindingDeclaration(from: "x", to: .queue("q"), routingKey: "a"),
        ]
        bindings[3].arguments = ["x-match": "any"]
        #expect(Set(Topology(bindings: bindings).steps.map(\.name)).count == 4)
    }
}

@Suite struct PromiseTests {
    @Test func everybodyWhoWaitsIsTold() async throws {
        let promise = Promise<Int>()
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<10 { group.addTask { try await promise.value() } }
            promise.settle(.success(7))
            promise.settle(.success(8))
            for try await value in group { #expect(value == 7) }
        }
    }

    @Test func aCancelledWaiterIsTold() async {
        let promise = Promise<Int>()
        let task = Task { try await promise.value() }
        task.cancel()
        let error = await #expect(throws: AMQPError.self) { try await task.value }
        #expect(error?.code == .cancelled)
    }

    @Test func aLimitEndsTheWait() async {
        let promise = Promise<Int>()
        let error = await #expect(throws: AMQPError.self) {
            try await promise.value(within: .milliseconds(1), orTimeOut: "too late")
        }
        #expect(error?.code == .timedOut)
        #expect(error?.message == "too late")
    }
}

@Suite struct ConnectionMetricsTests {
    @Test func aQuantileIsAnUpperBound() {
        let histogram = DurationHistogram()
        #expect(histogram.quantile(0.5) == nil)
        for _ in 0..<99 { histogram.record(nanoseconds: 300_000) }
        histogram.record(nanoseconds: 900_000_000)
        #expect(histogram.quantile(0.5) == .microseconds(512))
        #expect(histogram.quantile(1) == .microseconds(1 << 20))
        #expect(histogram.counts.reduce(0, +) == 100)
    }

    /// Each bucket begins where the one before ends, and the last takes the rest.
    @Test(
        arguments: [
            (0, 0), (999, 0), (1000, 1), (1999, 1), (2000, 2), (3999, 2), (4000, 3), ((1 << 30) * 1000 - 1, 30),
            ((1 << 30) * 1000, 31), (.max, 31),
        ] as [(UInt64, Int)])
    func aDurationFallsIntoOneBucket(nanoseconds: UInt64, bucket: Int) {
        let histogram = DurationHistogram()
        histogram.record(nanoseconds: nanoseconds)
        #expect(histogram.counts == (0..<DurationHistogram.bucketCount).map { $0 == bucket ? 1 : 0 })
        #expect(histogram.total == .nanoseconds(Int64(clamping: nanoseconds)))
    }
}
