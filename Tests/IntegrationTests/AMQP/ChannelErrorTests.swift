import AMQP
import LocalServers
import Testing

/// An error of one channel costs that channel alone.
@Suite struct ChannelErrorTests {
    @Test func othersOnTheConnectionGoOn() async throws {
        try await Broker.withVirtualHost { broker in
            let connection = try await broker.connect()
            let events = EventListener(connection)
            try await connection.declare(QueueDeclaration("q"))
            let failing = try await connection.makePublisher()
            let other = try await connection.makePublisher()
            let consumer = try await connection.consume("q")
            let error = try await expectFailure(.unknownOutcome) {
                try await failing.publish(.named("lost"), to: "missing", routingKey: "q")
            }
            let cause = try #require(error.cause as? AMQPError)
            #expect(cause.code == .notFound && cause.replyCode == 404)
            let owner = try await events.first {
                if case .channelClosed(let owner, let error) = $0, error.replyCode == 404 { owner } else { nil }
            }
            #expect(owner.hasPrefix("publisher"))
            #expect(connection.metrics.channelsClosedByBroker.value == 1)

            try await other.publish(.named("from the other"), routingKey: "q")
            try await failing.publish(.named("from the one that failed"), routingKey: "q")
            let iterator = consumer.makeAsyncIterator()
            for expected in ["from the other", "from the one that failed"] {
                let delivery = try #require(await iterator.next())
                #expect(delivery.id == expected)
                delivery.ack()
            }
            #expect(connection.metrics.connects.value == 1)
            #expect(connection.metrics.consumersUp.value == 1)
            await connection.close()
        }
    }

    @Test func aChannelThatClosesUnderLoadCostsNothingButItself() async throws {
        try await Broker.withVirtualHost { broker in
            let connection = try await broker.connect()
            var queue = QueueDeclaration("q", kind: .classic)
            queue.isDurable = false
            try await connection.declare(queue)
            let publisher = try await connection.makePublisher()
            let confirmed = try await withThrowingTaskGroup(of: Int.self) { group in
                for task in 0..<4 {
                    group.addTask {
                        var confirmed = 0
                        for number in 0..<300 {
                            // Each 404 finds the other tasks in the middle of publishing on the same channel.
                            let exchange = number % 10 == task ? "missing" : ""
                            let outcome = await publisher.outcome(
                                of: Publication(Message(text: "x"), to: exchange, routingKey: "q"))
                            if outcome.isConfirmed { confirmed += 1 }
                        }
                        return confirmed
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(connection.metrics.channelsClosedByBroker.value > 0)
            #expect(connection.metrics.connects.value == 1)
            #expect(confirmed == connection.metrics.confirmed.value)
            #expect(try await connection.status(ofQueue: "q").messageCount >= confirmed)
            await connection.close()
        }
    }

    @Test func aRefusedRequestLeavesTheConnectionUsable() async throws {
        try await Broker.withVirtualHost { broker in
            let connection = try await broker.connect()
            try await expectFailure(.notFound) { try await connection.status(ofQueue: "missing") }
            try await expectFailure(.notFound) { try await connection.check(exchange: "missing") }
            try await expectFailure(.notFound) { try await connection.purge(queue: "missing") }
            try await connection.declare(QueueDeclaration("q"))
            #expect(try await connection.status(ofQueue: "q").messageCount == 0)
            #expect(connection.metrics.connects.value == 1)
            await connection.close()
        }
    }

    @Test func manyChannelsShareOneConnection() async throws {
        try await Broker.withVirtualHost { broker in
            let connection = try await broker.connect()
            let count = 50
            for number in 0..<count { try await connection.declare(QueueDeclaration("q-\(number)", kind: .classic)) }
            try await withThrowingTaskGroup(of: [String].self) { group in
                for number in 0..<count {
                    group.addTask {
                        let publisher = try await connection.makePublisher()
                        let consumer = try await connection.consume("q-\(number)")
                        let series = Publication.series("\(number)", count: 20, to: "q-\(number)")
                        #expect(await publisher.publish(contentsOf: series).codes.allSatisfy { $0 == nil })
                        var ids: [String] = []
                        for await delivery in consumer {
                            delivery.ack()
                            ids.append(delivery.id)
                            if ids.count == 20 { break }
                        }
                        #expect(ids == series.compactMap(\.message.properties.messageID))
                        return ids
                    }
                }
                let ids = try await group.reduce(into: Set<String>()) { $0.formUnion($1) }
                #expect(ids.count == count * 20)
            }
            #expect(connection.metrics.connects.value == 1)
            await connection.close()
        }
    }

    @Test func theLimitOfChannelsIsToldAndAClosedOneIsFreeAgain() async throws {
        try await Broker.withVirtualHost { broker in
            let connection = try await broker.connect { $0.channelCountMax = 2 }
            try await connection.declare(QueueDeclaration("q"))
            let publisher = try await connection.makePublisher()
            let consumer = try await connection.consume("q")
            let error = try await expectFailure(.invalidArgument) { try await connection.makePublisher() }
            #expect(error.message.contains("all 2 channels"))
            try await expectFailure(.invalidArgument) { try await connection.consume("q") }
            try await expectFailure(.invalidArgument) { try await connection.status(ofQueue: "q") }
            await consumer.cancel()
            // Those that were refused do not ask again.
            let second = try await connection.makePublisher()
            try await publisher.publish(Message(), routingKey: "q")
            try await second.publish(Message(), routingKey: "q")
            await second.close()
            #expect(try await connection.status(ofQueue: "q").messageCount == 2)
            await connection.close()
        }
    }
}
