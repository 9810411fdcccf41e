import AMQP
import LocalServers
import Testing

/// Taking, settling and giving back.
@Suite struct ConsumeTests {
    /// A queue with messages `m-0`, `m-1` and so on, and what is rejected in `dead`.
    private func withMessages(
        _ count: Int, _ body: (Broker, Connection) async throws -> Void
    ) async throws {
        try await Broker.withVirtualHost { broker in
            let connection = try await broker.connect()
            var queue = QueueDeclaration("q")
            queue.deadLetter = .init(exchange: "", routingKey: "dead")
            try await connection.declare(Topology(queues: [queue, QueueDeclaration("dead")]))
            let publisher = try await connection.makePublisher()
            let outcomes = await publisher.publish(contentsOf: Publication.series("m", count: count, to: "q"))
            #expect(outcomes.allSatisfy { $0.isConfirmed })
            try await body(broker, connection)
            await connection.close()
        }
    }

    @Test func eachWayOfSettlingDoesWhatItSays() async throws {
        try await withMessages(5) { _, connection in
            let consumer = try await connection.consume("q")
            var taken: [Delivery] = []
            while taken.count < 5 { taken += await consumer.nextBatch(countMax: 5) }
            #expect(taken.map(\.id) == ["m-0", "m-1", "m-2", "m-3", "m-4"])
            taken[0].ack()
            taken[1].nack(requeue: false)
            taken[2].reject(requeue: false)
            taken[3].nack(requeue: true)
            taken[4].reject(requeue: true)
            var again: [Delivery] = []
            while again.count < 2 { again += await consumer.nextBatch(countMax: 5) }
            #expect(Set(again.map(\.id)) == ["m-3", "m-4"])
            #expect(again.allSatisfy { $0.isRedelivered })
            for delivery in again { delivery.ack() }
            await consumer.cancel()
            #expect(Set(try await connection.takeMessageIDs(from: "dead")) == ["m-1", "m-2"])
            #expect(try await connection.takeMessageIDs(from: "q") == [])
            #expect(connection.metrics.refused.value == 4)
            #expect(connection.metrics.delivered.value == 7 + 2 + 2)
            #expect(connection.metrics.unsettled.value == 0)
        }
    }

    @Test func settlingTwiceIsDroppedAndCostsNothing() async throws {
        try await withMessages(2) { _, connection in
            let consumer = try await connection.consume("q")
            let deliveries = consumer.makeAsyncIterator()
            let first = try #require(await deliveries.next())
            first.ack()
            first.ack()
            first.nack(requeue: true)
            #expect(connection.metrics.staleSettlements.value == 2)
            let second = try #require(await deliveries.next())
            #expect(second.id == "m-1")
            second.ack()
            await consumer.cancel()
            #expect(try await connection.takeMessageIDs(from: "q") == [])
            #expect(connection.metrics.channelsClosedByBroker.value == 0)
        }
    }

    @Test func noMoreThanThePrefetchIsOutAtATime() async throws {
        try await withMessages(20) { _, connection in
            var options = ConsumerOptions()
            options.prefetchCount = 4
            let consumer = try await connection.consume("q", options)
            var taken: [Delivery] = []
            while taken.count < 4 { taken += await consumer.nextBatch(countMax: 100) }
            #expect(try await connection.status(ofQueue: "q").messageCount == 16)
            #expect(taken.count == 4)
            #expect(connection.metrics.unsettled.value == 4)
            for delivery in taken { delivery.ack() }
            let next = await consumer.nextBatch(countMax: 100)
            #expect(!next.isEmpty && next.count <= 4)
            #expect(next.first?.id == "m-4")
            await connection.close(gracePeriod: .zero)
        }
    }

    @Test func acksTravelTogether() async throws {
        try await withMessages(1000) { _, connection in
            var options = ConsumerOptions()
            options.prefetchCount = 500
            let consumer = try await connection.consume("q", options)
            var count = 0
            while count < 1000 {
                let batch = await consumer.nextBatch(countMax: 500)
                for delivery in batch { delivery.ack() }
                count += batch.count
            }
            await consumer.cancel()
            #expect(connection.metrics.acked.value == 1000)
            // One frame for each read of the socket, not for each delivery.
            #expect(connection.metrics.ackFrames.value <= 250)
            #expect(try await connection.takeMessageIDs(from: "q") == [])
        }
    }

    @Test func anAckBehindOneThatIsStillOpenIsNotHeldForEver() async throws {
        try await withMessages(3) { broker, connection in
            let consumer = try await connection.consume("q")
            var taken: [Delivery] = []
            while taken.count < 3 { taken += await consumer.nextBatch(countMax: 3) }
            taken[1].ack()
            taken[2].ack()
            try await eventually { connection.metrics.ackFrames.value >= 1 }
            // Only the open one comes again when the connection ends.
            await connection.close(gracePeriod: .zero)
            let other = try await broker.connect()
            #expect(try await other.takeMessageIDs(from: "q") == ["m-0"])
            await other.close()
        }
    }

    @Test func twoConsumersOfDifferentSpeedDoNotWaitForEachOther() async throws {
        try await withMessages(0) { _, connection in
            try await connection.declare(QueueDeclaration("slow"))
            let publisher = try await connection.makePublisher()
            _ = await publisher.publish(contentsOf: Publication.series("s", count: 50, to: "slow"))
            _ = await publisher.publish(contentsOf: Publication.series("f", count: 2000, to: "q"))
            var options = ConsumerOptions()
            options.prefetchCount = 10
            let slow = try await connection.consume("slow", options)
            let fast = try await connection.consume("q", options)
            // The slow one takes one delivery and holds it until the fast one is through.
            let slowDeliveries = slow.makeAsyncIterator()
            let held = try #require(await slowDeliveries.next())
            var fastCount = 0
            for await delivery in fast {
                delivery.ack()
                fastCount += 1
                if fastCount == 2000 { break }
            }
            try await eventually { connection.metrics.unsettled.value == 10 }
            held.ack()
            var slowCount = 1
            while slowCount < 50, let delivery = await slowDeliveries.next() {
                delivery.ack()
                slowCount += 1
            }
            #expect(slowCount == 50)
        }
    }

    @Test func severalTasksShareOneConsumer() async throws {
        try await withMessages(400) { _, connection in
            let consumer = try await connection.consume("q")
            let seen = try await withThrowingTaskGroup(of: [String].self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        var ids: [String] = []
                        for await delivery in consumer {
                            ids.append(delivery.id)
                            delivery.ack()
                        }
                        return ids
                    }
                }
                try await eventually { connection.metrics.acked.value == 400 }
                await consumer.cancel()
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(seen.count == 400 && Set(seen).count == 400)
        }
    }

    @Test func anExclusiveConsumerKeepsOthersAway() async throws {
        try await withMessages(0) { _, connection in
            // Quorum queues do not know exclusive consumers.
            try await connection.declare(QueueDeclaration("classic", kind: .classic))
            var options = ConsumerOptions()
            options.isExclusive = true
            options.tag = "the only one"
            let only = try await connection.consume("classic", options)
            let error = try await expectFailure(.accessRefused) { try await connection.consume("classic") }
            #expect(error.replyCode == 403)
            await only.cancel()
            let next = try await connection.consume("classic")
            await next.cancel()
        }
    }

    @Test func consumingFromNowhereSaysSo() async throws {
        try await withMessages(0) { _, connection in
            let error = try await expectFailure(.notFound) { try await connection.consume("missing") }
            #expect(error.replyCode == 404)
            #expect(error.message.contains("missing"))
            #expect(connection.metrics.consumersUp.value == 0)
        }
    }
}
