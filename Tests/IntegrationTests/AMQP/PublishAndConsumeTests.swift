import AMQP
import LocalServers
import Testing

@Suite struct PublishAndConsumeTests {
    @Test func aMessageArrivesAsItWasSent() async throws {
        try await Broker.withVirtualHost { broker in
            let connection = try await broker.connect()
            try await connection.declare(QueueDeclaration("q"))
            let publisher = try await connection.makePublisher()
            var properties = Properties(
                contentType: "application/json",
                headers: [
                    "text": "ä", "number": 7, "flag": true, "nested": .table(["list": .array([1, "two", .null])]),
                ],
                correlationID: "saga-1", replyTo: "orchestrator", messageID: "m-1", timestamp: 1_700_000_000,
                type: "kitchen.CreateTicket", userID: broker.server.user, appID: "order")
            properties.priority = 3
            properties.expiration = "60000"
            properties.contentEncoding = "identity"
            properties.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
            let message = Message(text: "{\"a\":1}", properties: properties)
            try await publisher.publish(message, routingKey: "q")

            let consumer = try await connection.consume("q")
            let batch = await consumer.nextBatch(countMax: 10)
            let delivery = try #require(batch.first)
            #expect(delivery.message == message)
            #expect(delivery.properties.traceparent == properties.traceparent)
            #expect(delivery.exchange == "")
            #expect(delivery.routingKey == "q")
            #expect(!delivery.isRedelivered)
            delivery.ack()
            let report = await connection.close()
            #expect(report.unsettled == 0 && report.unconfirmed == 0 && report.givenBack == 0)
            let after = try await broker.connect()
            #expect(try await after.status(ofQueue: "q").messageCount == 0)
            await after.close()
        }
    }

    @Test func thousandsOfTasksShareTheWindow() async throws {
        try await Broker.withVirtualHost { broker in
            let connection = try await broker.connect()
            try await connection.declare(QueueDeclaration("q"))
            var options = PublisherOptions()
            options.windowCountMax = 100
            let publisher = try await connection.makePublisher(options)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<5000 {
                    group.addTask { try await publisher.publish(Message(text: "\(number)"), routingKey: "q") }
                }
                try await group.waitForAll()
            }
            #expect(connection.metrics.confirmed.value == 5000)
            let consumer = try await connection.consume("q")
            var seen = Set<String>()
            for await delivery in consumer {
                seen.insert(String(decoding: delivery.body, as: UTF8.self))
                delivery.ack()
                if seen.count == 5000 { break }
            }
            await connection.close()
            #expect(seen.count == 5000)
            // Acks are joined: far fewer frames than deliveries.
            #expect(connection.metrics.ackFrames.value < 2500)
        }
    }
}
