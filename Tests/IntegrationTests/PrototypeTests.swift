import AMQP
import LocalServers
import Messaging
import Participant
import Testing

@testable import Benchmarks

/// The C that whole sagas are measured against is a ceiling only if it does the whole work.
@Suite struct PrototypeTests {
    @Test func ordersLeaveAllTheirRowsAndARepeatedCommandOnlyItsReply() async throws {
        try await withServers { broker, cluster in
            try await SagaSystem.lend("prototype", of: .prototype, on: broker, cluster) { system in
                let generator = try await OrderGenerator(system)
                _ = try await generator.run(40, outstanding: 8)
                await generator.close()
                try await PrototypeAudit.check(system, orderCount: generator.orderCount)
                await #expect(throws: BaselineFailure.self, "an audit that anything passes is none") {
                    try await PrototypeAudit.check(system, orderCount: 41, patience: .zero)
                }
                try await answerARepeatedCommandAlike(system)
            }
        }
    }

    /// Twice in one batch and once more later: each gets the reply, by the same id, and one slot is taken.
    private func answerARepeatedCommandAlike(_ system: SagaSystem) async throws {
        try await listenToReplies(of: system)
        let watching = try await Connection.connect(system.connection(as: SagaSystem.watcher))
        let replies = try await watching.consume(SagaSystem.watcher)
        let sending = try await Connection.connect(system.connection(as: TopologyNames.orchestrator))
        let publisher = try await sending.makePublisher()
        let command = try command()

        var ids: [String?] = []
        for commands in [[command, command], [command]] {
            for outcome in await publisher.publish(contentsOf: commands) { #expect(outcome.error == nil) }
            while ids.count < (commands.count == 2 ? 2 : 3) {
                let batch = await replies.nextBatch(countMax: 3)
                try #require(!batch.isEmpty, "the replies ended early")
                ids += batch.map(\.properties.messageID)
            }
        }
        #expect(ids.count == 3)
        #expect(Set(ids).count == 1)
        for table in ["inbox", "reply", "slot"] {
            let count = try await system.cluster.psql(
                #"SELECT count(*) FROM :"table""#, ["table": table], in: system.database(of: "consumer"))
            #expect(count.filter(\.isNumber) == "41", "rows of \(table)")
        }
        #expect(system.trouble == nil)
        for connection in [watching, sending] { await connection.close(gracePeriod: .seconds(5)) }
    }

    /// What goes to the orchestrator comes to the watcher too.
    private func listenToReplies(of system: SagaSystem) async throws {
        var topology = Topology(services: [], virtualHost: system.name, version: .oldestSupported)
        topology.bindings.append(
            .init(exchange: TopologyNames.replies, queue: SagaSystem.watcher, routingKey: TopologyNames.orchestrator))
        try await system.broker.importDefinitions(try topology.definitions())
    }

    private func command() throws -> Publication {
        let type: MessageType = "consumer.VerifyConsumer"
        var envelope = Envelope(
            id: UUIDv7Source(now: { 1_795_272_754_000 }).next(), type: type, source: "/orchestrator",
            correlationID: "01a1fe98-4326-701b-8397-583dbf9ca6a0", replyTo: TopologyNames.orchestrator,
            timestamp: 1_795_272_754, appID: TopologyNames.orchestrator, userID: TopologyNames.orchestrator)
        envelope.step = StepReference(step: "verify-consumer", direction: .forward, number: 1)
        let body = """
            {"consumerId":"consumer-1","lines":[{"menuItemId":"carbonara","quantity":2}],"orderId":"an-order"}
            """
        return Publication(
            envelope.message(body: Array(body.utf8)).amqp, to: TopologyNames.commands, routingKey: type.owner)
    }
}
