import AMQP
import LocalServers
import Testing

/// What can be counted and traced from outside.
@Suite struct ObservationTests {
    @Test func theMetricsCountWhatHappened() async throws {
        try await Broker.withVirtualHost { broker in
            let connection = try await broker.connect()
            let metrics = connection.metrics
            #expect(metrics.confirmLatency.quantile(0.5) == nil)
            try await connection.declare(QueueDeclaration("q"))
            let publishers = [try await connection.makePublisher(), try await connection.makePublisher()]
            for publisher in publishers {
                _ = await publisher.publish(contentsOf: Publication.series("m", count: 10, to: "q"))
            }
            #expect(metrics.connects.value == 1 && metrics.connectFailures.value == 0)
            #expect(metrics.published.value == 20 && metrics.confirmed.value == 20)
            #expect(metrics.unconfirmed.value == 0)
            #expect(metrics.confirmLatency.counts.reduce(0, +) == 20)
            #expect(try #require(metrics.confirmLatency.quantile(0.5)) > .zero)
            #expect(metrics.confirmLatency.total > .zero)
            // Half of the messages for each, so that the gauges have to add up over both.
            var options = ConsumerOptions()
            options.prefetchCount = 10
            let consumers = [try await connection.consume("q", options), try await connection.consume("q", options)]
            #expect(metrics.consumersUp.value == 2)
            try await eventually { metrics.delivered.value == 20 && metrics.unsettled.value == 20 }
            for consumer in consumers {
                let delivery = try #require(await consumer.nextBatch(countMax: 1).first)
                delivery.nack(requeue: false)
            }
            #expect(metrics.refused.value == 2)
            try await eventually { metrics.unsettled.value == 18 }
            for consumer in consumers {
                let delivery = try #require(await consumer.nextBatch(countMax: 1).first)
                delivery.ack()
            }
            try await eventually { metrics.acked.value == 2 && metrics.unsettled.value == 16 }
            await connection.close(gracePeriod: .zero)
            #expect(metrics.unsettled.value == 0 && metrics.consumersUp.value == 0)
            #expect(metrics.writeSyscalls.value > 0 && metrics.readSyscalls.value > 0)
            #expect(metrics.bytesSent.value > 20 * 20 && metrics.bytesReceived.value > 20 * 20)
        }
    }

    @Test func whatIsPublishedTogetherTravelsTogether() async throws {
        try await Broker.withVirtualHost { broker in
            let connection = try await broker.connect()
            try await connection.declare(QueueDeclaration("q"))
            let publisher = try await connection.makePublisher()
            let before = connection.metrics.writeSyscalls.value
            let outcomes = await publisher.publish(contentsOf: Publication.series("m", count: 1000, to: "q"))
            #expect(outcomes.codes.allSatisfy { $0 == nil })
            #expect(connection.metrics.writeSyscalls.value - before <= 100, "at most 0.1 a message")
            await connection.close()
        }
    }

    @Test func whatTheBrokerSaysOfItself() async throws {
        try await Broker.withVirtualHost { broker in
            let connection = try await broker.connect { $0.name = "orders/7" }
            let properties = try await connection.serverProperties()
            #expect(properties["product"]?.stringValue == "RabbitMQ")
            guard case .table(let capabilities) = properties["capabilities"] else {
                Issue.record("no capabilities")
                return
            }
            #expect(capabilities["publisher_confirms"] == .bool(true))
            let seen = try await broker.server.evaluate(
                """
                [begin {_, _, Name} = lists:keyfind(<<"connection_name">>, 1, Client), binary_to_list(Name) end ||
                    [{client_properties, Client}, {vhost, Host}] <-
                        rabbit_networking:connection_info_all([client_properties, vhost]),
                    Host =:= \(broker.server.erlang(binary: broker.virtualHost))]
                """)
            #expect(seen == "[\"orders/7\"]")
            await connection.close()
        }
    }

    @Test func aTraceGoesThroughTheBroker() async throws {
        try await Broker.withVirtualHost { broker in
            let connection = try await broker.connect()
            try await connection.declare(
                Topology(
                    queues: [
                        {
                            var queue = QueueDeclaration("q")
                            queue.deadLetter = .init(exchange: "", routingKey: "dead")
                            return queue
                        }(), QueueDeclaration("dead"),
                    ]))
            let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
            var message = Message.named("traced")
            message.properties.traceparent = traceparent
            let publisher = try await connection.makePublisher()
            try await publisher.publish(message, routingKey: "q")
            let consumer = try await connection.consume("q")
            let delivery = try #require(await consumer.nextBatch(countMax: 1).first)
            #expect(delivery.properties.traceparent == traceparent)
            delivery.reject(requeue: false)
            let dead = try await connection.consume("dead")
            let again = try #require(await dead.nextBatch(countMax: 1).first)
            #expect(again.properties.traceparent == traceparent)
            // What the broker adds on the way is read as well.
            guard case .array(let deaths) = again.properties.headers["x-death"], case .table(let death) = deaths.first
            else {
                Issue.record("no x-death in \(again.properties.headers)")
                return
            }
            #expect(death["reason"]?.stringValue == "rejected" && death["count"]?.integerValue == 1)
            #expect(death["queue"]?.stringValue == "q")
            again.ack()
            await connection.close()
        }
    }
}
