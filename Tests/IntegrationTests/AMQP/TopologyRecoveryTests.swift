import AMQP
import LocalServers
import Testing

/// What was declared is declared again after a reconnect.
@Suite struct TopologyRecoveryTests {
    @Test func whatDiedWithTheConnectionIsThereAgain() async throws {
        try await Broker.withVirtualHost { broker in
            try await broker.withProxy { proxy, connection in
                let events = EventListener(connection)
                var exclusive = QueueDeclaration("exclusive", kind: .classic)
                exclusive.isDurable = false
                exclusive.isExclusive = true
                var autoDelete = QueueDeclaration("auto-delete", kind: .classic)
                autoDelete.isAutoDelete = true
                var exchange = ExchangeDeclaration("x", kind: .topic)
                exchange.isAutoDelete = true
                try await connection.declare(
                    Topology(
                        exchanges: [exchange], queues: [exclusive, autoDelete],
                        bindings: [
                            BindingDeclaration(from: "x", to: .queue("exclusive"), routingKey: "e.#"),
                            BindingDeclaration(from: "x", to: .queue("auto-delete"), routingKey: "a.#"),
                        ]))
                let publisher = try await connection.makePublisher()
                let consumers = [
                    try await connection.consume("exclusive"), try await connection.consume("auto-delete"),
                ]
                await proxy.setRefusing(true)
                await proxy.cutAll()
                try await broker.waitUntilGone(queues: ["auto-delete", "exclusive"])
                await proxy.setRefusing(false)
                try await events.recovered()
                #expect(connection.metrics.consumersUp.value == 2)
                try await publisher.publish(.named("one"), to: "x", routingKey: "e.1")
                try await publisher.publish(.named("two"), to: "x", routingKey: "a.1")
                for (consumer, id) in zip(consumers, ["one", "two"]) {
                    let delivery = await consumer.nextBatch(countMax: 1).first
                    #expect(delivery?.id == id)
                    delivery?.ack()
                }
            }
        }
    }

    @Test func whatWasDeletedStaysDeleted() async throws {
        try await Broker.withVirtualHost { broker in
            try await broker.withProxy { proxy, connection in
                let events = EventListener(connection)
                try await connection.declare(
                    Topology(
                        exchanges: [ExchangeDeclaration("x", kind: .direct), ExchangeDeclaration("y", kind: .direct)],
                        queues: [QueueDeclaration("gone"), QueueDeclaration("kept")],
                        bindings: [
                            BindingDeclaration(from: "x", to: .queue("kept"), routingKey: "old"),
                            BindingDeclaration(from: "y", to: .queue("kept"), routingKey: "gone with y"),
                            BindingDeclaration(from: "x", to: .queue("kept"), routingKey: "kept"),
                        ]))
                try await connection.delete(queue: "gone")
                try await connection.delete(exchange: "y")
                try await connection.unbind(queue: "kept", from: "x", routingKey: "old")
                await proxy.cutAll()
                try await events.recovered()
                try await expectFailure(.notFound) { try await connection.status(ofQueue: "gone") }
                try await expectFailure(.notFound) { try await connection.check(exchange: "y") }
                let publisher = try await connection.makePublisher()
                try await expectFailure(.returned) {
                    try await publisher.publish(Message(), to: "x", routingKey: "old")
                }
                try await publisher.publish(Message(), to: "x", routingKey: "kept")
            }
        }
    }

    @Test func oneBadEntityDoesNotStopTheOthersAndIsTriedAgain() async throws {
        try await Broker.withVirtualHost { broker in
            let admin = try await broker.connect()
            try await broker.withProxy { proxy, connection in
                var volatile = QueueDeclaration("volatile", kind: .classic)
                volatile.isExclusive = true
                try await connection.declare(
                    Topology(
                        exchanges: [ExchangeDeclaration("x", kind: .topic)],
                        queues: [QueueDeclaration("changed"), volatile],
                        bindings: [BindingDeclaration(from: "x", to: .queue("volatile"), routingKey: "#")]))
                let events = EventListener(connection)
                let publisher = try await connection.makePublisher()
                let consumer = try await connection.consume("volatile")
                // Behind our back the queue becomes another one.
                try await admin.delete(queue: "changed")
                try await admin.declare(QueueDeclaration("changed", kind: .classic))
                await proxy.setRefusing(true)
                await proxy.cutAll()
                try await broker.waitUntilGone(queues: ["volatile"])
                await proxy.setRefusing(false)
                let (entity, error) = try await events.first {
                    if case .topologyFailed(let entity, let error) = $0 { (entity, error) } else { nil }
                }
                #expect(entity == "queue changed")
                #expect(error.declarationDifference?.property == "x-queue-type")
                try await events.recovered()
                try await publisher.publish(.named("through"), to: "x", routingKey: "any")
                let delivery = await consumer.nextBatch(countMax: 1).first
                #expect(delivery?.id == "through")
                delivery?.ack()
                // Once it is out of the way, ours is made without a further reconnect.
                try await admin.delete(queue: "changed")
                try await eventually {
                    try await broker.arguments(ofQueue: "changed") == QueueDeclaration("changed").arguments.described
                }
                #expect(connection.metrics.connects.value == 2)
            }
            await admin.close()
        }
    }

    @Test func whatWasTakenIsMadeAgainThoughAnotherWasRefused() async throws {
        try await Broker.withVirtualHost { broker in
            try await broker.withProxy { proxy, connection in
                let events = EventListener(connection)
                try await connection.declare(QueueDeclaration("other", kind: .classic))
                var exclusive = QueueDeclaration("exclusive", kind: .classic)
                exclusive.isExclusive = true
                try await expectFailure(.preconditionFailed) {
                    try await connection.declare(Topology(queues: [QueueDeclaration("other"), exclusive]))
                }
                let consumer = try await connection.consume("exclusive")
                await proxy.cutAll()
                try await events.recovered()
                // The broker may keep it for the lost connection at first.
                try await eventually { connection.metrics.consumersUp.value == 1 }
                #expect(
                    events.seen.allSatisfy { if case .topologyFailed("queue other", _) = $0 { false } else { true } })
                withExtendedLifetime(consumer) {}
            }
        }
    }

    /// Queues whose processes stand still: the broker answers no declaration of them.
    @Test func declarationsWithoutAnAnswerHoldUpNobody() async throws {
        try await Broker.withVirtualHost { broker in
            try await broker.withProxy({ $0.requestTimeout = .seconds(5) }) { proxy, connection in
                let names = (0..<3).map { "stuck \($0)" }
                try await connection.declare(
                    Topology(
                        exchanges: [ExchangeDeclaration("x", kind: .fanout)],
                        queues: (names + ["z"]).map { QueueDeclaration($0, kind: .classic) }))
                let consumer = try await connection.consume("z")
                let events = EventListener(connection)
                try await broker.setSuspended(true, queues: names)
                await proxy.cutAll()
                let failing = try await events.first {
                    if case .recovered(2, let failing) = $0 { failing } else { nil }
                }
                #expect(Set(failing) == Set((names + ["z"]).map { "queue \($0)" }))
                let failed = events.seen.count { if case .topologyFailed = $0 { true } else { false } }
                #expect(failed == 1, "the others wait for one of them, not for each")
                try await broker.setSuspended(false, queues: names)
                withExtendedLifetime(consumer) {}
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func anEndWhileTheTopologyIsRestoredIsBounded() async throws {
        try await Broker.withVirtualHost { broker in
            let proxy = try FaultProxy(to: broker.server.port)
            let connection = try await broker.connect(port: proxy.port) {
                $0.requestTimeout = .seconds(600)
                $0.heartbeat = .zero
            }
            try await connection.declare(
                Topology(exchanges: (0..<200).map { ExchangeDeclaration("x\($0)", kind: .fanout) }))
            let events = EventListener(connection)
            await proxy.set(.delay(.milliseconds(20), jitter: .zero))
            await proxy.cutAll()
            // Each of the 200 takes 20 ms at least, so most of them are still to come.
            _ = try await events.first { if case .connected(_, 2) = $0 { true } else { nil } }
            await proxy.set(.swallow)
            await connection.close(gracePeriod: .zero)
            await proxy.close()
        }
    }

    @Test func anExclusiveQueueHeldByTheLostConnectionIsHadInTheEnd() async throws {
        try await Broker.withVirtualHost { broker in
            let lost = try FaultProxy(to: broker.server.port)
            let good = try FaultProxy(to: broker.server.port)
            await good.setRefusing(true)
            let connection = try await broker.connect {
                $0.hosts = [.init(lost.host, port: lost.port), .init(good.host, port: good.port)]
                $0.heartbeat = .seconds(2)
            }
            let events = EventListener(connection)
            var exclusive = QueueDeclaration("exclusive", kind: .classic)
            exclusive.isExclusive = true
            exclusive.isDurable = false
            try await connection.declare(exclusive)
            let publisher = try await connection.makePublisher()
            let consumer = try await connection.consume("exclusive")
            await lost.set(.swallow)
            await good.setRefusing(false)
            #expect(try await events.disconnected().code == .heartbeatLost)
            // The broker may not have noticed yet, and then keeps the queue for the old connection.
            try await events.consumerUp()
            try await publisher.publish(.named("after"), routingKey: "exclusive")
            #expect(await consumer.nextBatch(countMax: 1).first?.id == "after")
            await connection.close(gracePeriod: .zero)
            await lost.close()
            await good.close()
        }
    }
}
