import Contracts
import Messaging
import Orchestration
import Participant
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

        @Test func anOrderThatNobodyTakesSaysSoAndIsDoneLater() async throws {
            try await Town.withTown { town in
                try await town.keeper.kill("orchestrator")
                let waiting = try await town.skald(
                    "participant", "pause", "kitchen", "--reason", "stocktaking", "--wait", "1")
                #expect(waiting.exit == "exit status 124", "\(waiting.output)")
                #expect(waiting.output.contains("no orchestrator took the order"), "\(waiting.output)")
                #expect(try await town.number("kitchen", "SELECT count(*) FROM skald.pause") == 0)
                try await town.keeper.start("orchestrator")
                try await waitUntil("the kitchen is paused") {
                    try await town.has("kitchen", "SELECT FROM skald.pause WHERE reason = 'stocktaking'")
                }
                #expect(try await town.has("orchestrator", "SELECT FROM saga_pause WHERE participant = 'kitchen'"))
                // The service is down now: the orchestrator has done its part, the rest waits for the service.
                try await town.keeper.stop("kitchen")
                let half = try await town.skald(
                    "participant", "resume", "kitchen", "--reason", "counted", "--wait", "5")
                #expect(half.exit == "exit status 124", "\(half.output)")
                #expect(half.output.contains("waits in kitchen.control"), "\(half.output)")
                try await town.keeper.start("kitchen")
                try await waitUntil("the kitchen goes on") {
                    try await town.number("kitchen", "SELECT count(*) FROM skald.pause") == 0
                }
                try await town.expectCleanAudit()
            }
        }

        /// It takes orders also while it takes nothing else, or nobody could let it go on.
        @Test func theOrchestratorItselfMayBePaused() async throws {
            try await Town.withTown { town in
                try await town.settle()
                let paused = try await town.skald("participant", "pause", "orchestrator", "--reason", "a look")
                #expect(paused.exit == "exit status 0", "\(paused.output)")
                try await waitUntil("nobody takes its events") {
                    town.keeper.log("orchestrator").contains(#""reason":"paused""#)
                }
                try await town.place("o1")
                let again = try await town.skald("participant", "pause", "orchestrator", "--reason", "another look")
                #expect(again.output.contains("keeps its first reason"), "\(again.output)")
                let resumed = try await town.skald("participant", "resume", "orchestrator", "--reason", "seen")
                #expect(resumed.exit == "exit status 0", "\(resumed.output)")
                try await town.until("o1", is: "APPROVED")
            }
        }

        @Test func whatIsNotThereIsRefusedAndWrittenDown() async throws {
            try await Town.withTown { town in
                #expect(
                    try await town.outcome(of: "abort", to: "01900000-0000-7000-8000-000000000001")
                        == .refused(why: "there is no saga 01900000-0000-7000-8000-000000000001"))
                let nobody = try await town.skald("participant", "pause", "bakery", "--reason", "a test")
                #expect(nobody.exit == "exit status 1", "\(nobody.output)")
                #expect(nobody.output.contains("no such service is declared"), "\(nobody.output)")
                let nameless = try town.client.command(
                    OrderSaga(saga: "01900000-0000-7000-8000-000000000001", action: "abort", who: "", reason: ""))
                try await town.client.send(nameless, to: TopologyNames.orchestrator)
                try await waitUntil("an order without a name is among the dead letters") {
                    try await town.skald("dlq", "list", "orchestrator.commands").output.contains("1 dead letter")
                }
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

extension Town {
    /// Gives an order to a saga without asking first whether it allows it.
    func outcome(of action: String, to saga: String) async throws -> OperatorOutcome {
        let order = try client.command(OrderSaga(saga: saga, action: action, who: "test", reason: "a test"))
        try await client.send(order, to: TopologyNames.orchestrator)
        return try await outcome(of: order)
    }

    /// Waits for what came of an order that was sent.
    func outcome(of order: WireMessage) async throws -> OperatorOutcome {
        let id = try #require(order.properties.messageID.flatMap { UUIDv7($0) })
        var text: String?
        try await waitUntil("the outcome is written down") {
            text = try await RecordOperatorAction.result(of: id, in: database(TopologyNames.orchestrator))
            return text != nil
        }
        return OperatorOutcome(text: try #require(text))
    }
}
