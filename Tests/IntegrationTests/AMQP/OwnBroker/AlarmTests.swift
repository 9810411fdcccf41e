import AMQP
import LocalServers
import Testing

extension OwnBrokerTests {
    /// Resource alarms: the broker stops reading from those who publish.
    @Suite struct AlarmTests {
        private func raiseAlarm(_ broker: Broker) async throws {
            try await broker.server.setMemoryWatermark(0.00001)
        }

        private func liftAlarm(_ broker: Broker) async throws {
            try await broker.server.setMemoryWatermark(0.4)
        }

        /// Publishes `first` until one of them has waited for the alarm's end.
        ///
        /// - Returns: how many it took.
        private func publishUntilBlocked(_ publisher: Publisher, _ metrics: ConnectionMetrics) async -> Int {
            var count = 0
            repeat {
                let outcome = await publisher.outcome(of: Publication(.named("first"), routingKey: "q"))
                #expect(outcome.isConfirmed)
                count += 1
            } while metrics.blocks.value == 0
            return count
        }

        @Test(.timeLimit(.minutes(5)))
        func publishersWaitAndGoOnAndConsumersAreNotConcerned() async throws {
            try await OwnBroker.withVirtualHost { broker in
                let publishing = try await broker.connect()
                let consuming = try await broker.connect()
                let events = EventListener(publishing)
                try await publishing.declare(QueueDeclaration("q"))
                let publisher = try await publishing.makePublisher()
                var hasty = PublisherOptions()
                hasty.timeout = .seconds(3)
                let hastyPublisher = try await publishing.makePublisher(hasty)
                _ = await publisher.publish(contentsOf: Publication.series("before", count: 3, to: "q"))

                try await raiseAlarm(broker)
                // The broker says so once a connection publishes. Its own connections hear of the alarm one by one, so some may
                // still get through.
                async let first = publishUntilBlocked(publisher, publishing.metrics)
                let reason = try await events.first { if case .blocked(let reason) = $0 { reason } else { nil } }
                #expect(reason.contains("memory"))
                #expect(publishing.metrics.isBlocked.value == 1 && publishing.metrics.blocks.value == 1)

                let sent = publishing.metrics.published.value
                let waiting = Task.immediate {
                    await publisher.outcome(of: Publication(.named("waits"), routingKey: "q"))
                }
                let cancelled = Task.immediate {
                    await publisher.outcome(of: Publication(.named("cancelled"), routingKey: "q"))
                }
                cancelled.cancel()
                #expect(await cancelled.value.error?.code == .cancelled)
                let late = try await expectFailure(.timedOut) {
                    try await hastyPublisher.publish(.named("too late"), routingKey: "q")
                }
                #expect(late.message.contains("blocked") && late.isRetriable)
                #expect(publishing.metrics.published.value == sent)

                let consumer = try await consuming.consume("q")
                let iterator = consumer.makeAsyncIterator()
                for number in 0..<3 {
                    let delivery = try #require(await iterator.next())
                    #expect(delivery.id == "before-\(number)")
                    delivery.ack()
                }

                try await liftAlarm(broker)
                _ = try await events.first { if case .unblocked = $0 { true } else { nil } }
                #expect(await waiting.value.isConfirmed)
                let firstCount = await first
                #expect(publishing.metrics.isBlocked.value == 0)
                for expected in Array(repeating: "first", count: firstCount) + ["waits"] {
                    let delivery = try #require(await iterator.next())
                    #expect(delivery.id == expected)
                    delivery.ack()
                }
                try await hastyPublisher.publish(.named("in time"), routingKey: "q")
                #expect(publishing.metrics.connects.value == 1)
                await publishing.close()
                await consuming.close(gracePeriod: .zero)
            }
        }

        @Test(.timeLimit(.minutes(5)))
        func anAlarmThatCameAndWentWhileTheLinkWasHeldIsToldInFull() async throws {
            try await OwnBroker.withVirtualHost { broker in
                try await broker.withProxy { proxy, connection in
                    let events = EventListener(connection)
                    try await connection.declare(QueueDeclaration("q"))
                    let publisher = try await connection.makePublisher()
                    await proxy.set(.hold, on: .toClient)
                    try await raiseAlarm(broker)
                    async let outcome = publisher.outcome(of: Publication(.named("m"), routingKey: "q"))
                    try await eventually { try await states(broker).contains("blocked") }
                    try await liftAlarm(broker)
                    try await eventually { try await !states(broker).contains("block") }
                    await proxy.set(.pass)
                    #expect(await outcome.isConfirmed)
                    _ = try await events.first { if case .unblocked = $0 { true } else { nil } }
                    let told = events.seen.filter { if case .blocked = $0 { true } else { false } }
                    #expect(told.count == 1)
                    #expect(connection.metrics.blocks.value == 1 && connection.metrics.isBlocked.value == 0)
                }
            }
        }

        /// More is under way than the kernels take, so the broker closes its window for as long as the alarm lasts.
        @Test(.timeLimit(.minutes(5)))
        func anAlarmOfManyHeartbeatsCostsNoConnection() async throws {
            try await OwnBroker.withVirtualHost { broker in
                let connection = try await broker.connect { $0.heartbeat = .seconds(3) }
                let events = EventListener(connection)
                var queue = QueueDeclaration("q", kind: .classic)
                queue.messageCountMax = 10
                try await connection.declare(queue)
                var options = PublisherOptions()
                options.windowByteCountMax = 128 * 1024 * 1024
                let publisher = try await connection.makePublisher(options)
                try await raiseAlarm(broker)
                let body = [UInt8](repeating: 7, count: 256 * 1024)
                async let outcomes = publisher.publish(
                    contentsOf: (0..<256).map { _ in Publication(Message(body), routingKey: "q") })
                _ = try await events.first { if case .blocked = $0 { true } else { nil } }
                // Allowed (test-sleep): the alarm must outlast several heartbeats, which is the test.
                try await Task.sleep(for: .seconds(10))
                try await liftAlarm(broker)
                #expect(await outcomes.codes.allSatisfy { $0 == nil })
                #expect(connection.metrics.connects.value == 1)
                await connection.close()
            }
        }

        private func states(_ broker: Broker) async throws -> String {
            try await broker.server.evaluate(
                """
                [State || [{state, State}, {vhost, Host}] <- rabbit_networking:connection_info_all([state, vhost]),
                    Host =:= \(broker.server.erlang(binary: broker.virtualHost))]
                """)
        }

        @Test(.timeLimit(.minutes(5)))
        func aConnectionThatIsLostWhileBlockedPublishesAfterwards() async throws {
            try await OwnBroker.withVirtualHost { broker in
                try await broker.withProxy { proxy, connection in
                    let events = EventListener(connection)
                    try await connection.declare(QueueDeclaration("q"))
                    let publisher = try await connection.makePublisher()
                    try await raiseAlarm(broker)
                    async let first = publisher.outcome(of: Publication(.named("first"), routingKey: "q"))
                    _ = try await events.first { if case .blocked = $0 { true } else { nil } }
                    let waiting = Task.immediate {
                        await publisher.outcome(of: Publication(.named("waits"), routingKey: "q"))
                    }
                    await proxy.setRefusing(true)
                    await proxy.cutAll()
                    _ = try await events.disconnected()
                    #expect(connection.metrics.isBlocked.value == 0)
                    try await liftAlarm(broker)
                    await proxy.setRefusing(false)
                    #expect(await waiting.value.isConfirmed)
                    let firstOutcome = await first
                    #expect(firstOutcome.isConfirmed || firstOutcome.error?.code == .unknownOutcome)
                    #expect(try await connection.takeMessageIDs(from: "q").contains("waits"))
                }
            }
        }
    }
}
