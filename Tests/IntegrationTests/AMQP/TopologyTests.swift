import AMQP
import LocalServers
import Testing

/// Declarations of every kind, what they do, and how a difference is shown.
@Suite struct TopologyTests {
    @Test func everyKindOfQueueWithAllItsArguments() async throws {
        try await Broker.withVirtualHost { broker in
            let connection = try await broker.connect()
            var quorum = QueueDeclaration("quorum", kind: .quorum)
            quorum.messageTTL = .seconds(60)
            quorum.expires = .seconds(3600)
            quorum.messageCountMax = 1000
            quorum.byteCountMax = 1_000_000
            quorum.overflow = .rejectPublish
            quorum.deadLetter = .init(exchange: "", routingKey: "dead", strategy: .atLeastOnce)
            quorum.deliveryLimit = 5
            quorum.hasSingleActiveConsumer = true
            var classic = QueueDeclaration("classic", kind: .classic)
            classic.messageTTL = .milliseconds(1500)
            classic.expires = .seconds(60)
            classic.messageCountMax = 10
            classic.byteCountMax = 1000
            classic.overflow = .rejectPublishDeadLetter
            classic.deadLetter = .init(exchange: "amq.direct")
            classic.hasSingleActiveConsumer = true
            classic.otherArguments = ["x-max-priority": 3]
            var stream = QueueDeclaration("stream", kind: .stream)
            stream.streamAgeMax = "7D"
            stream.streamSegmentByteCountMax = 1_000_000
            stream.byteCountMax = 10_000_000
            var temporary = QueueDeclaration("temporary", kind: .classic)
            temporary.isDurable = false
            temporary.isExclusive = true
            temporary.isAutoDelete = true
            for queue in [quorum, classic, stream, temporary] {
                let status = try await connection.declare(queue)
                #expect(status.name == queue.name && status.messageCount == 0)
                #expect(try await broker.arguments(ofQueue: queue.name) == queue.arguments.described, "\(queue.name)")
            }
            #expect(try await broker.describe(queue: "temporary") == "{false,true,true}")
            #expect(try await broker.describe(queue: "quorum") == "{true,false,false}")
            await connection.close()
        }
    }

    @Test func aQueueTheBrokerNames() async throws {
        try await Broker.withVirtualHost { broker in
            let connection = try await broker.connect()
            var queue = QueueDeclaration("", kind: .classic)
            queue.isExclusive = true
            queue.isDurable = false
            let name = try await connection.declare(queue).name
            #expect(name.hasPrefix("amq.gen-"))
            let other = try await connection.declare(queue).name
            #expect(other != name)
            await connection.close()
        }
    }

    @Test func everyKindOfExchangeAndBindingRoutes() async throws {
        try await Broker.withVirtualHost { broker in
            let connection = try await broker.connect()
            var hidden = ExchangeDeclaration("hidden", kind: .other("fanout"))
            hidden.isInternal = true
            var transient = ExchangeDeclaration("transient", kind: .direct)
            transient.isDurable = false
            transient.arguments = ["alternate-exchange": "fanout"]
            var byHeader = BindingDeclaration(from: "headers", to: .queue("q"))
            byHeader.arguments = ["x-match": "all", "colour": "red"]
            try await connection.declare(
                Topology(
                    exchanges: [
                        ExchangeDeclaration("direct", kind: .direct), ExchangeDeclaration("topic", kind: .topic),
                        ExchangeDeclaration("fanout", kind: .fanout), ExchangeDeclaration("headers", kind: .headers),
                        hidden, transient,
                    ],
                    queues: [QueueDeclaration("q")],
                    bindings: [
                        BindingDeclaration(from: "direct", to: .queue("q"), routingKey: "key"),
                        BindingDeclaration(from: "topic", to: .queue("q"), routingKey: "order.*"),
                        BindingDeclaration(from: "fanout", to: .exchange("hidden")),
                        BindingDeclaration(from: "hidden", to: .queue("q")), byHeader,
                    ]))
            let publisher = try await connection.makePublisher()
            var red = Message.named("by header")
            red.properties.headers = ["colour": "red"]
            try await publisher.publish(.named("direct"), to: "direct", routingKey: "key")
            try await publisher.publish(.named("topic"), to: "topic", routingKey: "order.created")
            try await publisher.publish(.named("through two"), to: "fanout", routingKey: "anything")
            try await publisher.publish(red, to: "headers", routingKey: "")
            try await publisher.publish(.named("alternate"), to: "transient", routingKey: "nowhere")
            try await expectFailure(.returned) {
                try await publisher.publish(Message(), to: "topic", routingKey: "order.a.b")
            }
            let ids = try await connection.takeMessageIDs(from: "q")
            #expect(ids == ["direct", "topic", "through two", "by header", "alternate"])

            try await connection.unbind(queue: "q", from: "direct", routingKey: "key")
            try await expectFailure(.returned) {
                try await publisher.publish(Message(), to: "direct", routingKey: "key")
            }
            try await connection.delete(exchange: "direct")
            try await expectFailure(.notFound) { try await connection.check(exchange: "direct") }
            try await connection.check(exchange: "topic")
            await connection.close()
        }
    }

    @Test func deletingAndPurgingTellHowMuchWentWithIt() async throws {
        try await Broker.withVirtualHost { broker in
            let connection = try await broker.connect()
            try await connection.declare(QueueDeclaration("q", kind: .classic))
            let publisher = try await connection.makePublisher()
            _ = await publisher.publish(contentsOf: Publication.series("m", count: 3, to: "q"))
            let refused = try await expectFailure(.preconditionFailed) {
                try await connection.delete(queue: "q", onlyIfEmpty: true)
            }
            #expect(refused.replyCode == 406)
            #expect(try await connection.purge(queue: "q") == 3)
            _ = await publisher.publish(contentsOf: Publication.series("m", count: 2, to: "q"))
            #expect(try await connection.delete(queue: "q") == 2)
            try await expectFailure(.notFound) { try await connection.status(ofQueue: "q") }
            await connection.close()
        }
    }

    @Test func aDifferenceOfAQueueIsShown() async throws {
        try await Broker.withVirtualHost { broker in
            let connection = try await broker.connect()
            var queue = QueueDeclaration("q", kind: .classic)
            queue.messageTTL = .seconds(5)
            try await connection.declare(queue)
            // What is changed, and how the difference reads: property, wanted, found.
            let changes: [((inout QueueDeclaration) -> Void, [String])] = [
                ({ $0.messageTTL = .seconds(9) }, ["x-message-ttl", "9000", "5000"]),
                ({ $0.messageTTL = nil }, ["x-message-ttl", "none", "5000"]),
                ({ $0.messageCountMax = 7 }, ["x-max-length", "7", "none"]),
                ({ $0.isDurable = false }, ["durable", "false", "true"]),
                ({ $0.isAutoDelete = true }, ["auto_delete", "true", "false"]),
                ({ $0.deadLetter = .init(exchange: "dlx") }, ["x-dead-letter-exchange", "dlx", "none"]),
            ]
            for (change, expected) in changes {
                var changed = queue
                change(&changed)
                let error = try await expectFailure(.preconditionFailed) { try await connection.declare(changed) }
                let difference = try #require(error.declarationDifference)
                #expect(difference.entityKind == "queue" && difference.entityName == "q")
                #expect([difference.property, difference.wanted, difference.found] == expected)
                #expect(error.message.contains(expected[0]) && error.message.contains("delete the queue"))
                #expect((error.cause as? AMQPError)?.replyCode == 406)
            }
            var quorum = queue
            quorum.kind = .quorum
            let error = try await expectFailure(.preconditionFailed) { try await connection.declare(quorum) }
            #expect(error.declarationDifference?.property == "x-queue-type")
            try await connection.declare(queue)
            await connection.close()
        }
    }

    @Test func aDifferenceOfAnExchangeIsShown() async throws {
        try await Broker.withVirtualHost { broker in
            let connection = try await broker.connect()
            try await connection.declare(ExchangeDeclaration("x", kind: .direct))
            let error = try await expectFailure(.preconditionFailed) {
                try await connection.declare(ExchangeDeclaration("x", kind: .topic))
            }
            let difference = try #require(error.declarationDifference)
            #expect(difference.entityKind == "exchange" && difference.entityName == "x")
            #expect([difference.property, difference.wanted, difference.found] == ["type", "topic", "direct"])
            var transient = ExchangeDeclaration("x", kind: .direct)
            transient.isDurable = false
            let other = try await expectFailure(.preconditionFailed) { try await connection.declare(transient) }
            #expect(other.declarationDifference?.property == "durable")
            await connection.close()
        }
    }

    @Test func oneBadEntityOfATopologyDoesNotStopTheOthers() async throws {
        try await Broker.withVirtualHost { broker in
            let connection = try await broker.connect()
            try await connection.declare(ExchangeDeclaration("bad", kind: .direct))
            try await expectFailure(.preconditionFailed) {
                try await connection.declare(
                    Topology(
                        exchanges: [
                            ExchangeDeclaration("bad", kind: .fanout), ExchangeDeclaration("good", kind: .direct),
                        ],
                        queues: [QueueDeclaration("q")],
                        bindings: [
                            BindingDeclaration(from: "missing", to: .queue("q")),
                            BindingDeclaration(from: "good", to: .queue("q"), routingKey: "key"),
                        ]))
            }
            let publisher = try await connection.makePublisher()
            try await publisher.publish(.named("routed"), to: "good", routingKey: "key")
            #expect(try await connection.takeMessageIDs(from: "q") == ["routed"])
            await connection.close()
        }
    }

    @Test func aDeliveryLimitDeadLetters() async throws {
        try await Broker.withVirtualHost { broker in
            let connection = try await broker.connect()
            var queue = QueueDeclaration("q")
            queue.deliveryLimit = 2
            queue.deadLetter = .init(exchange: "", routingKey: "dead")
            try await connection.declare(Topology(queues: [queue, QueueDeclaration("dead")]))
            let publisher = try await connection.makePublisher()
            try await publisher.publish(.named("poison"), routingKey: "q")
            let consumer = try await connection.consume("q")
            let iterator = consumer.makeAsyncIterator()
            for attempt in 0...2 {
                let delivery = try #require(await iterator.next())
                #expect(
                    delivery.properties.headers["x-delivery-count"]?.integerValue
                        == (attempt == 0 ? nil : Int64(attempt)))
                delivery.reject(requeue: true)
            }
            try await eventually { try await connection.status(ofQueue: "dead").messageCount == 1 }
            #expect(try await connection.takeMessageIDs(from: "dead") == ["poison"])
            await connection.close()
        }
    }
}
