import AMQP
import LocalServers
import Testing

/// An orderly end: what was handed out is finished, what was published is confirmed, the rest goes back.
@Suite struct DrainTests {
    /// Opened once; whoever waits before goes on then.
    private struct Gate {
        private let stream: AsyncStream<Void>
        private let continuation: AsyncStream<Void>.Continuation

        init() {
            (stream, continuation) = AsyncStream<Void>.makeStream()
        }

        func open() { continuation.finish() }

        func wait() async { for await _ in stream {} }
    }

    private func withMessages(_ count: Int, _ body: (Broker, Connection, Connection) async throws -> Void) async throws
    {
        try await Broker.withVirtualHost { broker in
            let connection = try await broker.connect()
            let other = try await broker.connect()
            try await connection.declare(
                Topology(queues: [QueueDeclaration("q", kind: .classic), QueueDeclaration("replies")]))
            let publisher = try await connection.makePublisher()
            _ = await publisher.publish(contentsOf: Publication.series("m", count: count, to: "q"))
            await publisher.close()
            try await body(broker, connection, other)
            await connection.close(gracePeriod: .zero)
            await other.close()
        }
    }

    @Test(.timeLimit(.minutes(1))) func aPublisherWhoseConnectionWasLetGoSaysSo() async throws {
        try await Broker.withVirtualHost { broker in
            func lonePublisher() async throws -> Publisher { try await broker.connect().makePublisher() }
            let publisher = try await lonePublisher()
            // Letting go is no event that could be waited for.
            var outcome = await publisher.outcome(of: Publication.series("m", count: 1, to: "nowhere")[0])
            while outcome.error?.code != .closed, !Task.isCancelled {
                outcome = await publisher.outcome(of: Publication.series("m", count: 1, to: "nowhere")[0])
            }
            #expect(outcome.error?.code == .closed)
            await publisher.close()
        }
    }

    @Test func whatIsInFlightIsFinishedAndTheRestGoesBack() async throws {
        try await withMessages(30) { _, connection, other in
            let publisher = try await connection.makePublisher()
            let consumer = try await connection.consume("q")
            let iterator = consumer.makeAsyncIterator()
            var taken: [Delivery] = []
            for _ in 0..<5 { taken.append(try #require(await iterator.next())) }
            let gates = taken.map { _ in Gate() }
            let report = try await withThrowingTaskGroup(of: Void.self) { group in
                for (delivery, gate) in zip(taken, gates) {
                    group.addTask {
                        await gate.wait()
                        // A handler may still have something to say.
                        try await publisher.publish(.named("reply to \(delivery.id)"), routingKey: "replies")
                        delivery.ack()
                    }
                }
                async let report = connection.close(gracePeriod: .seconds(60))
                try await eventually { try await other.status(ofQueue: "q").messageCount == 25 }
                #expect(try await other.status(ofQueue: "q").consumerCount == 0)
                for gate in gates { gate.open() }
                try await group.waitForAll()
                return await report
            }
            #expect(report.counts == [25, 0, 0])
            #expect(await iterator.next() == nil)
            // None of the finished ones comes again.
            #expect(Set(try await other.takeMessageIDs(from: "q")) == Set((5..<30).map { "m-\($0)" }))
            #expect(try await other.takeMessageIDs(from: "replies").count == 5)
        }
    }

    @Test func whatIsNotSettledInTimeIsReportedAndComesAgain() async throws {
        try await withMessages(3) { _, connection, other in
            let consumer = try await connection.consume("q")
            let iterator = consumer.makeAsyncIterator()
            let held = [try #require(await iterator.next()), try #require(await iterator.next())]
            let report = await connection.close(gracePeriod: .milliseconds(100))
            #expect(report.counts == [1, 2, 0])
            for delivery in held { delivery.ack() }
            #expect(connection.metrics.staleSettlements.value == 2)
            #expect(Set(try await other.takeMessageIDs(from: "q")) == ["m-0", "m-1", "m-2"])
        }
    }

    @Test func whatIsNotConfirmedInTimeIsReportedAndUnknown() async throws {
        try await Broker.withVirtualHost { broker in
            try await broker.withProxy({ $0.requestTimeout = .seconds(3) }) { proxy, connection in
                try await connection.declare(QueueDeclaration("q"))
                let publisher = try await connection.makePublisher()
                await proxy.set(.hold, on: .toClient)
                async let outcomes = publisher.publish(contentsOf: Publication.series("m", count: 3, to: "q"))
                try await eventually { publisher.unconfirmedCount == 3 }
                let report = await connection.close(gracePeriod: .zero)
                #expect(report.counts == [0, 0, 3])
                #expect(await outcomes.codes == [.unknownOutcome, .unknownOutcome, .unknownOutcome])
            }
        }
    }

    @Test func aDrainWaitsForConfirms() async throws {
        try await Broker.withVirtualHost { broker in
            try await broker.withProxy { proxy, connection in
                try await connection.declare(QueueDeclaration("q"))
                let publisher = try await connection.makePublisher()
                await proxy.set(.hold, on: .toClient)
                async let outcomes = publisher.publish(contentsOf: Publication.series("m", count: 3, to: "q"))
                try await eventually { publisher.unconfirmedCount == 3 }
                async let report = connection.close(gracePeriod: .seconds(60))
                await proxy.set(.pass)
                #expect(await report.counts == [0, 0, 0])
                #expect(await outcomes.codes == [nil, nil, nil])
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func aDrainEndsWithTheLastPublishThatIsCancelled() async throws {
        try await Broker.withVirtualHost { broker in
            let proxy = try FaultProxy(to: broker.server.port)
            let connection = try await broker.connect(port: proxy.port)
            let events = EventListener(connection)
            let publisher = try await connection.makePublisher()
            await proxy.setRefusing(true)
            await proxy.cutAll()
            _ = try await events.disconnected()
            let waiting = Task.immediate { await publisher.outcome(of: Publication(.named("m"), routingKey: "q")) }
            async let closed: Void = publisher.close(within: .seconds(600))
            // Nothing tells that it waits; where it does not yet, this test shows less.
            for _ in 0..<100 { await Task.yield() }
            waiting.cancel()
            await closed
            #expect(await waiting.value.error?.code == .cancelled)
            await connection.close(gracePeriod: .zero)
            await proxy.close()
        }
    }

    @Test(.timeLimit(.minutes(1))) func aDrainEndsWithTheLastPublishWhoseTimeIsOver() async throws {
        try await Broker.withVirtualHost { broker in
            let proxy = try FaultProxy(to: broker.server.port)
            let connection = try await broker.connect(port: proxy.port)
            let events = EventListener(connection)
            var options = PublisherOptions()
            options.timeout = .seconds(1)
            let publisher = try await connection.makePublisher(options)
            await proxy.setRefusing(true)
            await proxy.cutAll()
            _ = try await events.disconnected()
            let waiting = Task.immediate { await publisher.outcome(of: Publication(.named("m"), routingKey: "q")) }
            await publisher.close(within: .seconds(600))
            #expect(await waiting.value.error?.code == .timedOut)
            await connection.close(gracePeriod: .zero)
            await proxy.close()
        }
    }

    @Test(.timeLimit(.minutes(1))) func oneConsumerOrPublisherEndsInTimeThoughTheBrokerSaysNothing() async throws {
        try await withMessages(1) { broker, _, _ in
            try await broker.withProxy({
                $0.heartbeat = .zero
                $0.requestTimeout = .seconds(600)
            }) { proxy, connection in
                let publisher = try await connection.makePublisher()
                let consumer = try await connection.consume("q")
                await proxy.set(.swallow)
                await publisher.close(within: .zero)
                await consumer.cancel(within: .zero)
                #expect(await consumer.nextBatch(countMax: 1).isEmpty)
                await proxy.cutAll()
            }
        }
    }

    @Test func aLinkLostDuringTheDrainEndsIt() async throws {
        try await withMessages(5) { broker, _, other in
            try await broker.withProxy { proxy, connection in
                let consumer = try await connection.consume("q")
                let iterator = consumer.makeAsyncIterator()
                let held = try #require(await iterator.next())
                async let report = connection.close(gracePeriod: .seconds(600))
                try await eventually { try await other.status(ofQueue: "q").messageCount == 4 }
                await proxy.setRefusing(true)
                await proxy.cutAll()
                #expect(await report.unsettled == 1)
                held.ack()
                await proxy.setRefusing(false)
            }
            // The broker notices the end of a link in its own time.
            try await eventually { try await other.status(ofQueue: "q").messageCount == 5 }
            #expect(Set(try await other.takeMessageIDs(from: "q")) == Set((0..<5).map { "m-\($0)" }))
        }
    }

    @Test func anEndOverALinkThatSaysNothingIsBounded() async throws {
        try await withMessages(1) { broker, _, _ in
            try await broker.withProxy({ $0.heartbeat = .zero }) { proxy, connection in
                let publisher = try await connection.makePublisher()
                let consumer = try await connection.consume("q")
                await proxy.set(.swallow)
                // Without heartbeats nothing but the end's own bound ends it: each request alone would take 20 s.
                await connection.close(gracePeriod: .zero)
                #expect(await consumer.nextBatch(countMax: 1).isEmpty)
                try await expectFailure(.closed) { try await publisher.publish(Message(), routingKey: "q") }
            }
        }
    }

    @Test func afterTheEndEverythingSaysSo() async throws {
        try await withMessages(1) { _, connection, _ in
            let events = EventListener(connection)
            let publisher = try await connection.makePublisher()
            let consumer = try await connection.consume("q")
            await connection.close()
            #expect(await connection.close().counts == [0, 0, 0])
            try await expectFailure(.closed) { try await publisher.publish(Message(), routingKey: "q") }
            try await expectFailure(.closed) { try await connection.declare(QueueDeclaration("q")) }
            try await expectFailure(.closed) { try await connection.consume("q") }
            try await expectFailure(.closed) { try await connection.makePublisher() }
            #expect(await consumer.nextBatch(countMax: 1).isEmpty)
            _ = try await events.first { if case .closed = $0 { true } else { nil } }
            for await event in connection.events { Issue.record("an event after the last: \(event)") }
            #expect(connection.metrics.consumersUp.value == 0)
        }
    }

    @Test func aPublisherClosesAlone() async throws {
        try await withMessages(0) { _, connection, _ in
            let one = try await connection.makePublisher()
            let two = try await connection.makePublisher()
            async let outcomes = one.publish(contentsOf: Publication.series("m", count: 100, to: "replies"))
            try await eventually { connection.metrics.published.value >= 100 }
            await one.close()
            #expect(await outcomes.codes.allSatisfy { $0 == nil })
            try await expectFailure(.closed) { try await one.publish(Message(), routingKey: "replies") }
            try await two.publish(Message(), routingKey: "replies")
        }
    }
}
