import AMQP
import LocalServers
import Testing

/// Bodies around the frame size, empty and large ones, and what is too large.
@Suite struct MessageSizeTests {
    /// Sizes around one, two and three frames, and the smallest.
    static func sizes(frame: Int) -> [Int] {
        let payload = frame - 8
        return [0, 1, payload - 1, payload, payload + 1, 2 * payload - 1, 2 * payload, 2 * payload + 1, 3 * payload]
    }

    /// Bytes that repeat nowhere near a frame's size, so that a lost or doubled piece shows.
    static func pattern(_ count: Int) -> [UInt8] {
        var state: UInt32 = 12345
        return (0..<count).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            return UInt8(truncatingIfNeeded: state >> 24)
        }
    }

    private func sendAndCompare(_ sizes: [Int], on connection: Connection) async throws {
        try await connection.declare(QueueDeclaration("q"))
        let publisher = try await connection.makePublisher()
        let messages = sizes.map { Message(Self.pattern($0), properties: Properties(messageID: "\($0)")) }
        let outcomes = await publisher.publish(contentsOf: messages.map { Publication($0, routingKey: "q") })
        #expect(outcomes.allSatisfy { $0.isConfirmed })
        let consumer = try await connection.consume("q")
        let iterator = consumer.makeAsyncIterator()
        for message in messages {
            let delivery = try #require(await iterator.next())
            #expect(delivery.id == message.properties.messageID)
            #expect(delivery.body == message.body, "\(message.body.count) bytes")
            delivery.ack()
        }
        await consumer.cancel()
    }

    @Test(arguments: [4096, 8192, 131_072])
    func bodiesAroundTheFrameSizeArriveWhole(frame: Int) async throws {
        try await Broker.withVirtualHost { broker in
            let connection = try await broker.connect { $0.frameByteCountMax = UInt32(frame) }
            try await sendAndCompare(Self.sizes(frame: frame), on: connection)
            await connection.close()
        }
    }

    @Test func largeBodiesArriveWhole() async throws {
        try await Broker.withVirtualHost { broker in
            let connection = try await broker.connect()
            // The last is larger than the window, and goes alone.
            try await sendAndCompare([1_000_000, 3_000_000, 12_000_000, 0], on: connection)
            await connection.close()
        }
    }

    @Test func aLinkOfOneByteAtATimeCarriesEverything() async throws {
        try await Broker.withVirtualHost { broker in
            let proxy = try FaultProxy(to: broker.server.port)
            await proxy.set(.sliced(into: 1))
            let connection = try await broker.connect(port: proxy.port) { $0.frameByteCountMax = 4096 }
            try await sendAndCompare([0, 1, 100, 4087, 4088, 4089], on: connection)
            #expect(connection.metrics.connects.value == 1)
            await connection.close()
            await proxy.close()
        }
    }

    @Test func aBodyOverTheLimitIsRefusedByUsAndNotByTheBroker() async throws {
        try await Broker.withVirtualHost { broker in
            let connection = try await broker.connect { $0.bodyByteCountMax = 1000 }
            let events = EventListener(connection)
            try await connection.declare(QueueDeclaration("q"))
            let publisher = try await connection.makePublisher()
            let sentBefore = connection.metrics.bytesSent.value
            let error = try await expectFailure(.messageTooLarge) {
                try await publisher.publish(Message(Self.pattern(1001)), routingKey: "q")
            }
            #expect(error.message.contains("1001") && error.message.contains("1000"))
            #expect(!error.isRetriable)
            #expect(connection.metrics.bytesSent.value == sentBefore)
            let told = try await events.first {
                if case .publishRefused("", "q", let error) = $0 { error.code } else { nil }
            }
            #expect(told == .messageTooLarge)
            let outcomes = await publisher.publish(contentsOf: [
                Publication(Message(Self.pattern(1000)), routingKey: "q"),
                Publication(Message(Self.pattern(5000)), routingKey: "q"),
                Publication(Message(Self.pattern(0)), routingKey: "q"),
            ])
            #expect(outcomes.map(\.isConfirmed) == [true, false, true])
            #expect(connection.metrics.notSent.value == 2)
            #expect(connection.metrics.channelsClosedByBroker.value == 0)
            await connection.close()
        }
    }

    @Test func anOversizedBodyThatComesInGoesToTheDeadLetterQueue() async throws {
        try await Broker.withVirtualHost { broker in
            let sender = try await broker.connect()
            var queue = QueueDeclaration("q")
            queue.deadLetter = .init(exchange: "", routingKey: "dead")
            try await sender.declare(Topology(queues: [queue, QueueDeclaration("dead")]))
            let publisher = try await sender.makePublisher()
            // Larger than a frame, so that the bytes to skip come in several pieces.
            let large = Message(Self.pattern(300_000), properties: Properties(messageID: "large"))
            _ = await publisher.publish(contentsOf: [
                Publication(.named("before"), routingKey: "q"), Publication(large, routingKey: "q"),
                Publication(.named("after"), routingKey: "q"),
            ])
            let connection = try await broker.connect { $0.bodyByteCountMax = 1000 }
            let events = EventListener(connection)
            let consumer = try await connection.consume("q")
            let iterator = consumer.makeAsyncIterator()
            for expected in ["before", "after"] {
                let delivery = try #require(await iterator.next())
                #expect(delivery.id == expected)
                delivery.ack()
            }
            let byteCount = try await events.first {
                if case .oversizedRejected("q", let byteCount) = $0 { byteCount } else { nil }
            }
            #expect(byteCount == 300_000)
            #expect(connection.metrics.oversized.value == 1)
            await connection.close()
            #expect(try await sender.takeMessageIDs(from: "dead") == ["large"])
            #expect(try await sender.takeMessageIDs(from: "q") == [])
            await sender.close()
        }
    }
}
