import AMQP
import Glibc
import LocalServers
import Telemetry
import Testing

/// Subscriptions that are lost and made again.
@Suite struct ConsumerRecoveryTests {
    @Test func aQueueDeletedUnderAConsumerCostsItNothingOnceItIsThereAgain() async throws {
        try await Broker.withVirtualHost { broker in
            let admin = try await broker.connect()
            try await admin.declare(QueueDeclaration("q"))
            let connection = try await broker.connect()
            let events = EventListener(connection)
            let consumer = try await connection.consume("q")
            try await events.consumerUp()
            try await admin.delete(queue: "q")
            let queue = try await events.first {
                if case .consumerCancelled(let queue) = $0 { queue } else { nil }
            }
            #expect(queue == "q")
            #expect(connection.metrics.consumersCancelled.value == 1)
            let failure = try await events.first {
                if case .consumerFailed("q", let error, _) = $0 { error } else { nil }
            }
            #expect(failure.code == .notFound)
            #expect(connection.metrics.consumersUp.value == 0)

            try await admin.declare(QueueDeclaration("q"))
            try await events.consumerUp()
            let publisher = try await admin.makePublisher()
            try await publisher.publish(.named("back"), routingKey: "q")
            let delivery = await consumer.nextBatch(countMax: 1).first
            #expect(delivery?.id == "back")
            delivery?.ack()
            #expect(connection.metrics.connects.value == 1, "\(events.seen)")
            #expect(connection.metrics.consumersUp.value == 1)
            #expect(await connection.close().unsettled == 0)
            await admin.close()
        }
    }

    /// The acks leave from where they are decided, on the thread that has not seen the end yet.
    @Test func aLinkThatHasEndedIsFoundByAnAck() async throws {
        try await Broker.withVirtualHost { broker in
            try await broker.withProxy { proxy, connection in
                let events = EventListener(connection)
                try await connection.declare(QueueDeclaration("q"))
                let publisher = try await connection.makePublisher()
                _ = await publisher.publish(contentsOf: Publication.series("m", count: 100, to: "q"))
                let consumer = try await connection.consume("q")
                try await withTaskExecutorPreference(connection.executor) {
                    var taken: [Delivery] = []
                    while taken.count < 80 { taken += await consumer.nextBatch(countMax: 80 - taken.count) }
                    try #require(taken.count == 80)
                    Self.cutWhileThisThreadLooksAway(proxy)
                    for delivery in taken { delivery.ack() }
                }
                try await events.recovered()
                await consumer.cancel(within: .zero)
                // The broker notices the end of a link in its own time.
                try await eventually { try await connection.status(ofQueue: "q").messageCount >= 20 }
                let rest = Set(try await connection.takeMessageIDs(from: "q"))
                #expect(rest.isSuperset(of: (80..<100).map { "m-\($0)" }))
                #expect(connection.metrics.connects.value == 2)
            }
        }
    }

    private static func cutWhileThisThreadLooksAway(_ proxy: FaultProxy) {
        let isCut = Lock(false)
        Task.detached {
            await proxy.cutAll(.reset)
            isCut.withLock { $0 = true }
        }
        while !isCut.withLock({ $0 }) { sched_yield() }
    }

    /// The task runs on the thread that reads, and waits there for confirms as well.
    @Test func aTaskOnTheConnectionsThreadGoesOnAfterAReconnect() async throws {
        try await Broker.withVirtualHost { broker in
            let admin = try await broker.connect()
            try await admin.declare(QueueDeclaration("q"))
            let publisher = try await admin.makePublisher()
            let connection = try await broker.connect()
            let events = EventListener(connection)
            let adminEvents = EventListener(admin)
            let consumer = try await connection.consume("q")
            try await events.consumerUp()
            let taking = Task(executorPreference: connection.executor) {
                let echo = try await connection.makePublisher()
                var ids: Set<String> = []
                for await delivery in consumer {
                    ids.insert(delivery.id)
                    delivery.ack()
                    if ids.count == 600 { break }
                }
                return (ids, await echo.publish(contentsOf: Publication.series("echo", count: 10, to: "q")))
            }
            _ = await publisher.publish(contentsOf: Publication.series("before", count: 300, to: "q"))
            try await broker.closeConnections(because: "to see whether they come back")
            try await events.consumerUp()
            try await adminEvents.recovered()
            let outcomes = await publisher.publish(contentsOf: Publication.series("after", count: 300, to: "q"))
            #expect(outcomes.allSatisfy { $0.isConfirmed })
            let (ids, echoes) = try await taking.value
            #expect(ids.count == 600)
            #expect(echoes.allSatisfy { $0.isConfirmed })
            #expect(connection.metrics.connects.value == 2)
            await connection.close()
            await admin.close()
        }
    }

    @Test func anAckOfAnEarlierConnectionIsDroppedAndNotSent() async throws {
        try await Broker.withVirtualHost { broker in
            try await broker.withProxy { proxy, connection in
                let events = EventListener(connection)
                try await connection.declare(QueueDeclaration("q"))
                let publisher = try await connection.makePublisher()
                _ = await publisher.publish(contentsOf: Publication.series("m", count: 2, to: "q"))
                let consumer = try await connection.consume("q")
                let iterator = consumer.makeAsyncIterator()
                let old = [try #require(await iterator.next()), try #require(await iterator.next())]
                await proxy.cutAll()
                try await events.recovered()
                let new = [try #require(await iterator.next()), try #require(await iterator.next())]
                #expect(new.map(\.id) == ["m-0", "m-1"] && new.allSatisfy { $0.isRedelivered })
                // The tags are the same numbers; only the connection they belong to differs.
                old[0].ack()
                old[1].nack(requeue: false)
                #expect(connection.metrics.staleSettlements.value == 2)
                #expect(connection.metrics.unsettled.value == 2)
                new[0].ack()
                new[1].ack()
                await consumer.cancel()
                #expect(try await connection.takeMessageIDs(from: "q") == [])
                #expect(connection.metrics.channelsClosedByBroker.value == 0)
                #expect(connection.metrics.connects.value == 2)
            }
        }
    }

    @Test func whatWasBufferedWhenTheLinkBrokeComesAgainOnce() async throws {
        try await Broker.withVirtualHost { broker in
            try await broker.withProxy { proxy, connection in
                let events = EventListener(connection)
                try await connection.declare(QueueDeclaration("q"))
                let publisher = try await connection.makePublisher()
                _ = await publisher.publish(contentsOf: Publication.series("m", count: 50, to: "q"))
                let consumer = try await connection.consume("q")
                try await eventually { connection.metrics.delivered.value == 50 }
                await proxy.cutAll(.reset)
                try await events.recovered()
                var ids: [String] = []
                for await delivery in consumer {
                    ids.append(delivery.id)
                    delivery.ack()
                    if ids.count == 50 { break }
                }
                #expect(ids == (0..<50).map { "m-\($0)" })
                await consumer.cancel()
                #expect(try await connection.takeMessageIDs(from: "q") == [])
            }
        }
    }
}
