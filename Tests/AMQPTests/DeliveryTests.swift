import Telemetry
import Testing

@testable import AMQP

/// What a delivery tells of its message.
@Suite struct DeliveryTests {
    private func delivery(_ message: Message) async throws -> Delivery {
        var deliveries = try Deliveries()
        try deliveries.come([message])
        let taken = await deliveries.shell.nextRuns(countMax: 1).deliveries
        return try #require(taken.first)
    }

    private static let everything: Properties = {
        var properties = Properties(
            contentType: "application/json", headers: ["skald-step": "pay", "attempt": 2], deliveryMode: .persistent,
            correlationID: "saga-1", replyTo: "orchestrator", messageID: "m-1", timestamp: 1_700_000_000,
            type: "kitchen.CreateTicket", userID: "guest", appID: "order")
        properties.priority = 3
        properties.expiration = "60000"
        properties.contentEncoding = "identity"
        return properties
    }()

    @Test func eachPropertyIsReadAlone() async throws {
        let expected = Self.everything
        let delivery = try await delivery(Message(text: "body", properties: expected))
        #expect(delivery.contentType == expected.contentType)
        #expect(delivery.contentEncoding == expected.contentEncoding)
        #expect(delivery.headers == expected.headers)
        #expect(delivery.deliveryMode == expected.deliveryMode)
        #expect(delivery.priority == expected.priority)
        #expect(delivery.correlationID == expected.correlationID)
        #expect(delivery.replyTo == expected.replyTo)
        #expect(delivery.expiration == expected.expiration)
        #expect(delivery.messageID == expected.messageID)
        #expect(delivery.timestamp == expected.timestamp)
        #expect(delivery.type == expected.type)
        #expect(delivery.userID == expected.userID)
        #expect(delivery.appID == expected.appID)
        #expect(delivery.header("attempt") == 2)
        #expect(delivery.header("attempts") == nil)
        #expect(delivery.message == Message(text: "body", properties: expected))
    }

    /// The broker waits for them: 83 are a third of the prefetch window.
    @Test func aLotOfAcksLeavesAtOnce() async throws {
        var deliveries = try Deliveries()
        let mailbox = try #require(deliveries.shell.state.withLock { $0.channel?.link.mailbox })
        let flushCount = Lock(0)
        mailbox.wakes({}, flush: { flushCount.withLock { $0 += 1 } })
        try deliveries.come((0..<170).map { Message(text: "\($0)") })
        let taken = await deliveries.shell.nextRuns(countMax: 170).deliveries
        for delivery in taken.prefix(82) { delivery.ack() }
        #expect(flushCount.withLock { $0 } == 0)
        taken[82].ack()
        #expect(flushCount.withLock { $0 } == 1)
        // Nobody has written the first lot here, so the next ack completes none.
        for delivery in taken[83..<165] { delivery.ack() }
        #expect(flushCount.withLock { $0 } == 1)
        taken[165].ack()
        #expect(flushCount.withLock { $0 } == 2)
    }

    @Test func whatTheSenderLeftOutIsNil() async throws {
        let sent = Message(properties: Properties(deliveryMode: .transient, messageID: "m"))
        let delivery = try await delivery(sent)
        let texts = [
            delivery.contentType, delivery.contentEncoding, delivery.correlationID, delivery.replyTo,
            delivery.expiration, delivery.type, delivery.userID, delivery.appID,
        ]
        #expect(texts.allSatisfy { $0 == nil })
        #expect(delivery.timestamp == nil)
        #expect(delivery.priority == nil)
        #expect(delivery.headers.isEmpty)
        #expect(delivery.deliveryMode == .transient)
        #expect(delivery.message == sent)
    }

    @Test func itOutlivesItsConsumersBatch() async throws {
        var kept: [Delivery] = []
        do {
            var deliveries = try Deliveries()
            for number in 1...20 {
                try deliveries.come((0..<number).map { Message(text: "\(number).\($0)") })
                let taken = await deliveries.shell.nextRuns(countMax: 100).deliveries
                kept.append(try #require(taken.last))
            }
        }
        #expect(kept.map(\.text) == (1...20).map { "\($0).\($0 - 1)" })
        #expect(kept[19].routingKey == "key.210")
        #expect(kept[19].exchange == "events")
        #expect(!kept[19].isRedelivered)
    }
}
