import AMQP
import LocalServers
import Telemetry
import Testing

/// How a consumer ends: cancelled by its owner, by its task, or let go.
@Suite struct ConsumerEndTests {
    private func withMessages(
        _ count: Int, _ body: (Broker, Connection, Connection) async throws -> Void
    ) async throws {
        try await Broker.withVirtualHost { broker in
            let one = try await broker.connect()
            let other = try await broker.connect()
            try await one.declare(QueueDeclaration("q", kind: .classic))
            let publisher = try await one.makePublisher()
            _ = await publisher.publish(contentsOf: Publication.series("m", count: count, to: "q"))
            try await body(broker, one, other)
            await one.close()
            await other.close()
        }
    }

    @Test func cancellingTheIteratingTaskGivesBackWhatWasNotHandedOut() async throws {
        try await withMessages(10) { _, one, other in
            let consumer = try await one.consume("q")
            let taken = Lock<[Delivery]>([])
            let task = Task {
                for await delivery in consumer {
                    taken.withLock { $0.append(delivery) }
                    withUnsafeCurrentTask { $0?.cancel() }
                }
            }
            await task.value
            let held = taken.withLock { $0 }
            #expect(held.map(\.id) == ["m-0"])
            try await eventually { try await other.status(ofQueue: "q").messageCount == 9 }
            #expect(try await other.status(ofQueue: "q").consumerCount == 0)
            // What was handed out is still its holder's to settle.
            held[0].ack()
            let rest = (1..<10).map { "m-\($0)" }
            #expect(try await other.takeMessageIDs(from: "q") == rest)
            await one.close()
            #expect(try await other.status(ofQueue: "q").messageCount == 0)
        }
    }

    @Test func cancellingATaskThatWaitsEndsItsLoop() async throws {
        try await withMessages(0) { _, one, other in
            let consumer = try await one.consume("q")
            let task = Task.immediate { () -> Int in
                var count = 0
                for await _ in consumer { count += 1 }
                return count
            }
            task.cancel()
            #expect(await task.value == 0)
            try await eventually { try await other.status(ofQueue: "q").consumerCount == 0 }
            #expect(await consumer.nextBatch(countMax: 10).isEmpty)
        }
    }

    @Test func cancelWaitsForWhatIsOutAndGivesBackTheRest() async throws {
        try await withMessages(10) { _, one, other in
            let consumer = try await one.consume("q")
            let iterator = consumer.makeAsyncIterator()
            let held = try #require(await iterator.next())
            try await eventually { one.metrics.unsettled.value == 10 }
            let ended = Task.immediate { await consumer.cancel(within: .seconds(60)) }
            try await eventually { try await other.status(ofQueue: "q").messageCount == 9 }
            held.ack()
            await ended.value
            #expect(await iterator.next() == nil)
            #expect(try await other.takeMessageIDs(from: "q") == (1..<10).map { "m-\($0)" })
            #expect(one.metrics.unsettled.value == 0)
        }
    }

    @Test func settlingAfterTheEndDoesNotHurtTheConnection() async throws {
        try await withMessages(200) { _, one, other in
            for _ in 0..<20 {
                let consumer = try await one.consume("q")
                let batch = await consumer.nextBatch(countMax: 200)
                async let ended: Void = consumer.cancel(within: .zero)
                for delivery in batch { delivery.nack(requeue: true) }
                await ended
                for delivery in batch { delivery.ack() }
            }
            #expect(one.metrics.connects.value == 1)
            let ids = try await one.takeMessageIDs(from: "q")
            #expect(one.metrics.connects.value == 1)
            #expect(Set(ids).count == 200)
        }
    }

    @Test func aConsumerThatIsLetGoEndsAndItsDeliveriesCanStillBeSettled() async throws {
        try await withMessages(3) { _, one, other in
            var batch: [Delivery] = []
            do {
                let consumer = try await one.consume("q")
                while batch.isEmpty { batch = await consumer.nextBatch(countMax: 1) }
            }
            try await eventually { try await other.status(ofQueue: "q").consumerCount == 0 }
            for delivery in batch { delivery.ack() }
            try await eventually { try await other.status(ofQueue: "q").messageCount == 2 }
            #expect(try await other.takeMessageIDs(from: "q") == ["m-1", "m-2"])
            await one.close()
            #expect(try await other.status(ofQueue: "q").messageCount == 0)
        }
    }
}
