import AMQP
import LocalServers
import Telemetry
import Testing

/// Links that break and come back.
@Suite struct RecoveryTests {
    @Test func aRequestWaitsForALostConnectionAndNotForEver() async throws {
        try await Broker.withVirtualHost { broker in
            try await broker.withProxy({ $0.openTimeout = .seconds(3) }) { proxy, connection in
                let events = EventListener(connection)
                await proxy.setRefusing(true)
                await proxy.cutAll()
                _ = try await events.disconnected()
                try await expectFailure(.timedOut) { try await connection.declare(QueueDeclaration("q")) }
                try await expectFailure(.timedOut) { try await connection.serverProperties() }
                await proxy.setRefusing(false)
                try await eventually { (try? await connection.declare(QueueDeclaration("q")))?.name == "q" }
            }
        }
    }

    @Test func aRequestThatIsNotAnsweredFailsAloneAndInTime() async throws {
        try await Broker.withVirtualHost { broker in
            try await broker.withProxy({ $0.requestTimeout = .milliseconds(300) }) { proxy, connection in
                await proxy.set(.hold, on: .toClient)
                let error = try await expectFailure(.timedOut) { try await connection.declare(QueueDeclaration("q")) }
                #expect(error.message.contains("channelOpen") && error.isRetriable)
                await proxy.set(.pass)
                try await eventually { (try? await connection.declare(QueueDeclaration("q")))?.name == "q" }
                #expect(connection.metrics.connects.value == 1)
            }
        }
    }

    @Test func whatCannotBeRestoredIsNamedAndTheRestIsCalledRecovered() async throws {
        try await Broker.withVirtualHost { broker in
            let admin = try await broker.connect()
            for queue in ["kept", "gone"] { try await admin.declare(QueueDeclaration(queue)) }
            try await broker.withProxy { proxy, connection in
                let events = EventListener(connection)
                let consumers = [try await connection.consume("kept"), try await connection.consume("gone")]
                await proxy.setRefusing(true)
                await proxy.cutAll()
                try await admin.delete(queue: "gone")
                await proxy.setRefusing(false)
                let failing = try await events.first {
                    if case .recovered(2, let failing) = $0 { failing } else { nil }
                }
                #expect(failing == ["consumer of gone"])
                // It goes on trying by itself.
                try await admin.declare(QueueDeclaration("gone"))
                try await eventually { connection.metrics.consumersUp.value == 2 }
                withExtendedLifetime(consumers) {}
            }
            await admin.close()
        }
    }

    @Test func aConnectionTheBrokerClosesComesBackWithAllThatWasAskedFor() async throws {
        try await Broker.withVirtualHost { broker in
            let connection = try await broker.connect()
            let events = EventListener(connection)
            try await connection.declare(QueueDeclaration("q"))
            let publisher = try await connection.makePublisher()
            let consumer = try await connection.consume("q")
            try await broker.closeConnections(because: "closed for a test")
            let error = try await events.disconnected()
            #expect(error.code == .connectionClosed && error.replyCode == 320)
            #expect(error.message.contains("closed for a test"))
            let generation = try await events.first {
                if case .connected(_, let generation) = $0 { generation } else { nil }
            }
            #expect(generation == 2)
            let failing = try await events.first {
                if case .recovered(2, let failing) = $0 { failing } else { nil }
            }
            #expect(failing == [])
            #expect(connection.metrics.consumersUp.value == 1)
            #expect(connection.metrics.connectionsLost.value == 1)
            #expect(connection.metrics.connectionsClosedByBroker.value == 1)
            #expect(connection.metrics.channelsClosedByBroker.value == 0 && events.channelEndCount == 0)
            try await publisher.publish(.named("after"), routingKey: "q")
            let delivery = await consumer.nextBatch(countMax: 1).first
            #expect(delivery?.id == "after")
            delivery?.ack()
            await connection.close()
            _ = try await events.first { if case .closed = $0 { true } else { nil } }
        }
    }

    @Test func aHalfOpenLinkIsNoticedAndReplaced() async throws {
        try await Broker.withVirtualHost { broker in
            try await broker.withProxy({ $0.heartbeat = .seconds(1) }) { proxy, connection in
                let events = EventListener(connection)
                try await connection.declare(QueueDeclaration("q"))
                let publisher = try await connection.makePublisher()
                await proxy.set(.swallow)
                async let outcome = publisher.outcome(of: Publication(.named("swallowed"), routingKey: "q"))
                let error = try await events.disconnected()
                #expect(error.code == .heartbeatLost)
                #expect(connection.metrics.heartbeatsLost.value == 1)
                #expect(connection.metrics.connectionsLost.value == 1)
                #expect(connection.metrics.connectionsClosedByBroker.value == 0)
                #expect(await outcome.error?.code == .unknownOutcome)
                await proxy.set(.pass)
                try await events.recovered()
                try await publisher.publish(.named("after"), routingKey: "q")
                #expect(try await connection.takeMessageIDs(from: "q") == ["after"])
            }
        }
    }

    @Test func heartbeatsKeepAQuietLinkAlive() async throws {
        try await Broker.withVirtualHost { broker in
            try await broker.withProxy({ $0.heartbeat = .seconds(1) }) { proxy, connection in
                let before = proxy.counts
                // Eight bytes each way and nothing else: several heartbeats of both sides.
                try await proxy.wait {
                    $0.bytesToServer >= before.bytesToServer + 5 * 8 && $0.bytesToClient >= before.bytesToClient + 5 * 8
                }
                #expect(connection.metrics.connects.value == 1)
                #expect(connection.metrics.heartbeatsLost.value == 0)
                #expect(proxy.counts.accepted == 1)
            }
        }
    }

    @Test func aLinkThatIsHeldForAMomentLosesNothing() async throws {
        try await Broker.withVirtualHost { broker in
            try await broker.withProxy { proxy, connection in
                try await connection.declare(QueueDeclaration("q"))
                let publisher = try await connection.makePublisher()
                await proxy.set(.hold)
                async let outcomes = publisher.publish(contentsOf: Publication.series("m", count: 100, to: "q"))
                try await eventually { publisher.unconfirmedCount == 100 }
                await proxy.set(.delay(.milliseconds(5), jitter: .milliseconds(5)))
                #expect(await outcomes.codes.allSatisfy { $0 == nil })
                #expect(try await connection.takeMessageIDs(from: "q") == (0..<100).map { "m-\($0)" })
                #expect(connection.metrics.connects.value == 1)
            }
        }
    }

    @Test func whatIsPublishedWhileThereIsNoLinkGoesOutLater() async throws {
        try await Broker.withVirtualHost { broker in
            try await broker.withProxy { proxy, connection in
                let events = EventListener(connection)
                try await connection.declare(QueueDeclaration("q"))
                let publisher = try await connection.makePublisher()
                await proxy.setRefusing(true)
                await proxy.cutAll()
                _ = try await events.disconnected()
                async let outcomes = publisher.publish(contentsOf: Publication.series("m", count: 50, to: "q"))
                async let status = connection.status(ofQueue: "q")
                _ = try await events.first { event -> Bool? in
                    if case .connectFailed(_, let error, _) = event, error.code == .unreachable { true } else { nil }
                }
                await proxy.setRefusing(false)
                #expect(await outcomes.codes.allSatisfy { $0 == nil })
                _ = try await status
                #expect(try await connection.takeMessageIDs(from: "q") == (0..<50).map { "m-\($0)" })
                #expect(connection.metrics.connectFailures.value > 0)
            }
        }
    }

    @Test func manyCutsInARowLoseNothingThatWasConfirmed() async throws {
        try await Broker.withVirtualHost { broker in
            try await broker.withProxy { proxy, connection in
                let direct = try await broker.connect()
                try await direct.declare(QueueDeclaration("q"))
                let publisher = try await connection.makePublisher()
                let outcomes = Lock<[String: PublishOutcome]>([:])
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for task in 0..<4 {
                        group.addTask {
                            for number in 0..<100 {
                                let id = "\(task)-\(number)"
                                let outcome = await publisher.outcome(of: Publication(.named(id), routingKey: "q"))
                                outcomes.withLock { $0[id] = outcome }
                            }
                        }
                    }
                    group.addTask {
                        for cut in 1...10 {
                            try await eventually { connection.metrics.confirmed.value >= cut * 20 }
                            await proxy.cutAll(cut % 2 == 0 ? .reset : .close)
                        }
                    }
                    try await group.waitForAll()
                }
                let told = outcomes.withLock { $0 }
                let confirmed = Set(told.filter { $0.value.isConfirmed }.keys)
                let unknown = Set(told.filter { $0.value.error?.code == .unknownOutcome }.keys)
                #expect(confirmed.count + unknown.count == 400)
                let there = try await direct.takeMessageIDs(from: "q")
                #expect(Set(there).count == there.count)
                #expect(confirmed.subtracting(there) == [])
                #expect(Set(there).subtracting(confirmed).isSubset(of: unknown))
                await direct.close()
            }
        }
    }
}
