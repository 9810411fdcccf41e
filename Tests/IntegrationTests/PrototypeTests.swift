import AMQP
import LocalServers
import Messaging
import Participant
import Testing

@testable import Benchmarks

/// The C that whole sagas are measured against is a ceiling only if it does the whole work.
@Suite struct PrototypeTests {
    @Test func ordersLeaveAllTheirRowsAndWhatIsRepeatedLeavesNone() async throws {
        try await withServers { broker, cluster in
            try await SagaSystem.lend("prototype", of: .prototype, on: broker, cluster) { system in
                let generator = try await OrderGenerator(system)
                _ = try await generator.run(40, outstanding: 8)
                await generator.close()
                try await PrototypeAudit.check(system, orderCount: generator.orderCount)
                await #expect(throws: BaselineFailure.self, "an audit that anything passes is none") {
                    try await PrototypeAudit.check(system, orderCount: 41, patience: .zero)
                }
                try await placeAnOrderThrice(system)
                try await answerARepeatedCommandAlike(system)
                #expect(system.trouble == nil)
            }
        }
    }

    /// Twice in one batch and once more before another: what was guessed is refused, and there are two orders more.
    private func placeAnOrderThrice(_ system: SagaSystem) async throws {
        let order = try message("order.PlaceOrder", from: TopologyNames.tool, about: "one order")
        let other = try message("order.PlaceOrder", from: TopologyNames.tool, about: "another")
        try await withWatcher(of: system, sending: TopologyNames.tool) { ends, publisher in
            for orders in [[order, order], [order, other]] {
                for outcome in await publisher.publish(contentsOf: orders) { #expect(outcome.error == nil) }
            }
            try await expect(2, from: ends)
        }
        try await PrototypeAudit.check(system, orderCount: 42)
    }

    /// Twice in one batch and once more later: each gets the reply, by the same id, and one slot is taken.
    private func answerARepeatedCommandAlike(_ system: SagaSystem) async throws {
        try await listenToReplies(of: system)
        let command = try message("consumer.VerifyConsumer", from: TopologyNames.orchestrator, about: "a third")
        try await withWatcher(of: system, sending: TopologyNames.orchestrator) { replies, publisher in
            var ids: [String?] = []
            for commands in [[command, command], [command]] {
                for outcome in await publisher.publish(contentsOf: commands) { #expect(outcome.error == nil) }
                ids += try await expect(commands.count, from: replies)
            }
            #expect(Set(ids).count == 1)
        }
        for table in ["inbox", "reply", "slot"] {
            let count = try await system.cluster.psql(
                #"SELECT count(*) FROM :"table""#, ["table": table], in: system.database(of: "consumer"))
            #expect(count.filter(\.isNumber) == "43", "rows of \(table)")
        }
    }

    private func withWatcher(
        of system: SagaSystem, sending user: String, _ body: (Consumer, Publisher) async throws -> Void
    ) async throws {
        let watching = try await Connection.connect(system.connection(as: SagaSystem.watcher))
        let sending = try await Connection.connect(system.connection(as: user))
        try await body(try await watching.consume(SagaSystem.watcher), try await sending.makePublisher())
        for connection in [watching, sending] { await connection.close(gracePeriod: .seconds(5)) }
    }

    /// Takes so many messages.
    ///
    /// - Returns: their ids.
    @discardableResult
    private func expect(_ count: Int, from consumer: Consumer) async throws -> [String?] {
        var ids: [String?] = []
        while ids.count < count {
            let batch = await consumer.nextBatch(countMax: count - ids.count)
            try #require(!batch.isEmpty, "the messages ended early")
            for delivery in batch {
                ids.append(delivery.messageID)
                delivery.ack()
            }
        }
        return ids
    }

    /// What goes to the orchestrator comes to the watcher too.
    private func listenToReplies(of system: SagaSystem) async throws {
        var topology = Topology(services: [], virtualHost: system.name, version: .oldestSupported)
        topology.bindings.append(
            .init(exchange: TopologyNames.replies, queue: SagaSystem.watcher, routingKey: TopologyNames.orchestrator))
        try await system.broker.importDefinitions(try topology.definitions())
    }

    private func message(_ type: MessageType, from user: String, about order: String) throws -> Publication {
        var envelope = Envelope(
            id: UUIDv7Source(now: { 1_795_272_754_000 }).next(), type: type, source: "/\(user)",
            timestamp: 1_795_272_754, appID: user, userID: user)
        if user == TopologyNames.orchestrator {
            envelope.correlationID = "01a1fe98-4326-701b-8397-583dbf9ca6a0"
            envelope.replyTo = user
            envelope.step = StepReference(step: "verify-consumer", direction: .forward, number: 1)
        }
        let lines = #"[{"menuItemId":"carbonara","quantity":2},{"menuItemId":"tiramisu","quantity":1}]"#
        let body = """
            {"consumerId":"consumer-1","lines":\(lines),"orderId":"\(order)","restaurantId":"restaurant-1"}
            """
        return Publication(
            envelope.message(body: Array(body.utf8)).amqp, to: TopologyNames.commands, routingKey: type.owner)
    }
}
