import Contracts
import Messaging
import Orchestration
import Postgres
import Testing

extension TownTests {
    /// What operators do is written down by the orchestrator, and nothing that is sent to it lies there for ever.
    @Suite struct OperatorRecordTests {
        @Test func droppingADeadLetterIsWrittenDown() async throws {
            try await Town.withTown { town in
                try await town.client.bury(KitchenMessages.ConfirmTicket(orderId: "stray"), from: "kitchen.commands")
                let dropped = try await town.skald(
                    "dlq", "drop", "kitchen.commands", "--reason", "sent by mistake", "--who", "ann")
                #expect(dropped.exit == "exit status 0", "\(dropped.output)")
                try await waitUntil("it is written down") {
                    try await town.has(
                        "orchestrator",
                        """
                        SELECT FROM skald.operator_action
                        WHERE name = 'dlq drop' AND who = 'ann' AND reason = 'sent by mistake' AND result IS NOT NULL
                        """)
                }
                try await town.expectCleanAudit()
            }
        }

        @Test func whatTheOrchestratorDoesNotKnowIsBuried() async throws {
            try await Town.withTown { town in
                let stray = try town.client.command(KitchenMessages.ConfirmTicket(orderId: "stray"))
                try await town.client.send(stray, to: TopologyNames.orchestrator)
                try await waitUntil("it is among the dead letters") {
                    try await town.skald("dlq", "list", "orchestrator.commands").output.contains("1 dead letter")
                }
            }
        }
    }
}
