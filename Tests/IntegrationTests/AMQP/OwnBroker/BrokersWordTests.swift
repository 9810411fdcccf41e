import AMQP
import LocalServers
import Testing

extension OwnBrokerTests {
    /// What the broker does of its own accord when its settings say so.
    @Suite struct BrokersWordTests {
        @Test(.timeLimit(.minutes(5)))
        func aDeliveryHeldPastTheConsumerTimeoutCostsItsChannelAlone() async throws {
            try await OwnBroker.withVirtualHost { broker in
                let connection = try await broker.connect()
                let events = EventListener(connection)
                try await connection.declare(QueueDeclaration("q", kind: .classic))
                let publisher = try await connection.makePublisher()
                // A channel takes the timeout over when it is opened, and looks at it when it ticks.
                try await broker.server.evaluate("application:set_env(rabbit, consumer_timeout, 1)")
                let consumer = try await connection.consume("q")
                try await broker.server.evaluate("application:set_env(rabbit, consumer_timeout, 1800000)")
                try await publisher.publish(.named("held"), routingKey: "q")
                let held = try #require(await consumer.nextBatch(countMax: 1).first)
                let host = broker.server.erlang(binary: broker.virtualHost)
                try await broker.server.evaluate(
                    """
                    timer:sleep(10),
                    [Channel ! tick || [{pid, Channel}, {vhost, Host}] <- rabbit_channel:info_all([pid, vhost]),
                        Host =:= \(host)]
                    """)
                let error = try await events.first {
                    if case .channelClosed("consumer of q", let error) = $0 { error } else { nil }
                }
                #expect(error.code == .preconditionFailed && error.replyCode == 406)
                let again = try #require(await consumer.nextBatch(countMax: 1).first)
                #expect(again.id == "held" && again.isRedelivered)
                held.ack()
                #expect(connection.metrics.staleSettlements.value == 1)
                again.ack()
                #expect(connection.metrics.connects.value == 1)
                // Counted beside the first delivery.
                try await eventually { connection.metrics.consumersUp.value == 1 }
                #expect(await connection.close().counts == [0, 0, 0])
            }
        }

        @Test(.timeLimit(.minutes(5)))
        func anEntityThatEndsTheWholeConnectionIsLeftOutTheNextTime() async throws {
            try await OwnBroker.withVirtualHost { broker in
                let server = broker.server
                try await broker.withProxy { proxy, connection in
                    let events = EventListener(connection)
                    var temporary = QueueDeclaration("temporary", kind: .classic)
                    temporary.isExclusive = true
                    try await connection.declare(
                        Topology(
                            exchanges: [ExchangeDeclaration("of a plugin", kind: .headers)], queues: [temporary]))
                    let publisher = try await connection.makePublisher()
                    // As after an upgrade without the plugin: the broker answers the declaration with connection.close.
                    try await server.evaluate("ok = rabbit_registry:unregister(exchange, <<\"headers\">>)")
                    await proxy.setRefusing(true)
                    await proxy.cutAll()
                    try await broker.waitUntilGone(queues: ["temporary"])
                    await proxy.setRefusing(false)
                    let (entity, error) = try await events.first {
                        if case .topologyFailed(let entity, let error) = $0 { (entity, error) } else { nil }
                    }
                    #expect(entity == "exchange of a plugin" && error.replyCode == 503)
                    try await events.recovered()
                    try await publisher.publish(Message(), routingKey: "temporary")
                    #expect(connection.metrics.connects.value == 3)
                    try await server.evaluate(
                        "ok = rabbit_registry:register(exchange, <<\"headers\">>, rabbit_exchange_type_headers)")
                }
            }
        }
    }
}
