import Contracts
import LocalServers
import Messaging
import Orchestration
import Postgres
import SagaModel
import Testing

@testable import Skald

extension TownTests {
    /// What somebody breaks on purpose, and the line of the audit that has to say so.
    @Suite struct AuditDamageTests {
        /// One change to one table.
        struct Damage: Sendable {
            /// The invariant that it breaks.
            let invariant: String
            /// What the audit says of it.
            let word: String
            let service: String
            let table: SQL
            let change: SQL
        }

        @Test func eachInvariantFailsWhenItsDataIsBroken() async throws {
            try await Town.withTown { town in
                try await town.placeGoodAndBad()
                for service in Town.services { try await town.keeper.stop(service) }
                try await town.expectCleanAudit()
                for damage in try await town.damages() {
                    try await town.damaging(damage.service, damage.table, damage.change) {
                        try await town.expectBroken(damage.invariant, damage.word)
                    }
                }
                // Every damage was mended, so what follows is the stray messages' doing alone.
                try await town.expectCleanAudit()
                try await town.client.send(KitchenMessages.ConfirmTicket(orderId: "stray"))
                try await town.expectBroken("I13", "kitchen.commands: 1 ready")
                try await town.client.bury(KitchenMessages.ConfirmTicket(orderId: "stray"), from: "order.commands")
                try await town.expectBroken("I13", "1 dead letters, 0 expected: order.commands.dead 1")
                let all = try await town.skald("audit", "--quick", "--settle", "0")
                #expect(all.exit == "exit status 1" && all.output.contains("1 of 14 invariants are broken"))
            }
        }

        @Test func anOrderOutlivesItsSagaAndIsMissedOnlyIfItIsLost() async throws {
            try await Town.withTown { town in
                try await town.placeGoodAndBad()
                try await town.keeper.stop("orchestrator")
                let orchestrator = try town.database("orchestrator")
                try await orchestrator.execute("UPDATE saga_definition SET retention = '0'")
                // It forgets what is old before anything else.
                try await town.keeper.start("orchestrator")
                try await waitUntil("both sagas are forgotten") {
                    try await !town.has("orchestrator", "SELECT FROM saga_instance")
                }
                try await town.expectCleanAudit()
                try await town.damaging("orchestrator", "saga_key", "DELETE FROM saga_key WHERE key = '\"good\"'") {
                    try await town.expectBroken("I1", "order good has 0 sagas")
                }
                try await town.damaging(
                    "orchestrator", "saga_definition", "UPDATE saga_definition SET retention = '1 hour'"
                ) {
                    try await town.expectBroken("I1", "order bad has 0 sagas")
                }
                try await town.expectCleanAudit()
            }
        }

        /// The audit looks at some sagas at a time; a row that should not be there is found wherever a page ends.
        @Test func aStrayRowIsFoundOnEveryPage() async throws {
            try await Town.withTown { town in
                try await town.settle()
                let orders = (1...5).map { "o\($0)" }
                for order in orders { try await town.place(order, [.init(menuItemId: "unicorn", quantity: 1)]) }
                for order in orders { try await town.expectRejected(order, because: "menu-invalid") }
                for order in orders { _ = try await town.ended("create-order", order) }
                for countMax in 1...6 {
                    #expect(try await town.strays(takingAtATime: countMax).isEmpty)
                }
                // What no saga asked of the accounting service.
                try await town.database("accounting").execute(
                    """
                    INSERT INTO skald.fence (saga, step, state)
                    SELECT saga, 'authorize-card', 'done' FROM unnest(
                        \(try await town.sagas().list().sagas.map(\.id.description))) AS saga
                    """)
                for countMax in 1...6 {
                    let strays = try await town.strays(takingAtATime: countMax)
                    #expect(strays.count == orders.count, "\(countMax) at a time: \(strays)")
                    #expect(strays.allSatisfy { $0.hasSuffix("authorize-card is ahead, its participant says done") })
                }
            }
        }
    }
}

extension Town {
    fileprivate func strays(takingAtATime countMax: Int) async throws -> [String] {
        let reader = try AuditReader(keeper.surroundings, DeclaredSystem(folder: Town.root + "/sagas"))
        defer { reader.close() }
        var audit = HistoryAudit()
        try await reader.auditHistories(&audit, countMax: countMax)
        return audit.findings.first { $0.id == "I6" }?.offenders ?? []
    }

    fileprivate typealias Damage = TownTests.AuditDamageTests.Damage

    /// One order is approved, one is rejected after its slot, its ticket and nothing else were taken.
    fileprivate func placeGoodAndBad() async throws {
        try await settle()
        try await settle("poor", limit: 1000)
        try await place("good")
        try await place("bad", by: "poor")
        try await until("good", is: "APPROVED")
        try await expectRejected("bad", because: "card-declined")
        _ = try await ended("create-order", "good")
        try await expectQuiet()
    }

    fileprivate func damages() async throws -> [Damage] {
        try await damagesOfServices() + damagesOfMessages() + damagesOfHistories()
    }

    private func damagesOfServices() -> [Damage] {
        [
            Damage(
                invariant: "I1", word: "order good has 0 sagas", service: "orchestrator", table: "saga_instance",
                change: "DELETE FROM saga_instance WHERE key = '\"good\"'"),
            Damage(
                invariant: "I1", word: "the saga of bad has no order", service: "order", table: "orders",
                change: "DELETE FROM orders WHERE id = 'bad'"),
            Damage(
                invariant: "I2", word: "create-order good is still open", service: "orchestrator",
                table: "saga_instance",
                change: """
                    UPDATE saga_instance SET ended_at = NULL, outcome = NULL, phase = 'running' WHERE key = '"good"'
                    """),
            Damage(
                invariant: "I3", word: "order good: the ledger holds 3800", service: "accounting", table: "ledger",
                change: """
                    INSERT INTO ledger (order_id, message, debit, credit, amount)
                    SELECT order_id, gen_random_uuid(), debit, credit, amount FROM ledger WHERE order_id = 'good'
                    """),
            Damage(
                invariant: "I4", word: "order good is APPROVED at 1901, held is 1900", service: "order",
                table: "orders", change: "UPDATE orders SET total = total + 1 WHERE id = 'good'"),
            Damage(
                invariant: "I5", word: "order bad is REJECTED and keeps its slot", service: "consumer", table: "slot",
                change: "UPDATE slot SET state = 'TAKEN' WHERE order_id = 'bad'"),
            Damage(
                invariant: "I7", word: "the ticket of order good is CREATE_PENDING, and no saga is open",
                service: "kitchen", table: "ticket",
                change: "UPDATE ticket SET state = 'CREATE_PENDING' WHERE order_id = 'good'"),
        ]
    }

    private func damagesOfMessages() async throws -> [Damage] {
        let bad = try #require(try await sagas().sagas(withKey: "bad").first).id.description
        let command = try #require(
            try await text("kitchen", "SELECT min(command_id::text) FROM skald.reply"))
        return [
            Damage(
                invariant: "I6", word: "create-order \"bad\": create-ticket is undone, its participant says done",
                service: "kitchen", table: "skald.fence",
                change: "UPDATE skald.fence SET state = 'done' WHERE saga = \(bad) AND step = 'create-ticket'"),
            Damage(
                invariant: "I9", word: "1 in the outbox of order", service: "order", table: "skald.outbox",
                change: """
                    INSERT INTO skald.outbox (id, owner, exchange, routing_key, envelope, body)
                    VALUES (gen_random_uuid(), 1, 'skald.events', 'order.created', '{}', '{}')
                    """),
            Damage(
                invariant: "I10", word: "kitchen: \(command) was answered and is not in the inbox", service: "kitchen",
                table: "skald.inbox", change: "DELETE FROM skald.inbox WHERE id::text = \(command)"),
            Damage(
                invariant: "I10", word: "kitchen: \(command) was handled and has no stored reply", service: "kitchen",
                table: "skald.reply", change: "DELETE FROM skald.reply WHERE command_id::text = \(command)"),
        ]
    }

    private func damagesOfHistories() -> [Damage] {
        func damage(_ invariant: String, _ word: String, _ table: SQL, _ change: SQL) -> Damage {
            Damage(invariant: invariant, word: word, service: "orchestrator", table: table, change: change)
        }
        let last: SQL = """
            saga = (SELECT id FROM saga_instance WHERE key = '"good"') AND number = (
                SELECT max(number) FROM saga_history
                WHERE saga = (SELECT id FROM saga_instance WHERE key = '"good"'))
            """
        return [
            // The approved order's last entry gets an undo that the rejected order sent.
            damage(
                "I8", "create-order \"good\": undoes create-ticket after the pivot", "saga_history",
                """
                UPDATE saga_history SET actions = (actions::jsonb || (
                    SELECT jsonb_agg(action) FROM saga_history AS other, jsonb_array_elements(other.actions::jsonb) action
                    WHERE action ->> 'kind' = 'send' AND action ->> 'name' = 'CancelTicket'))::text
                WHERE \(sql: last)
                """),
            damage(
                "I11", "create-order \"good\" counts 6 inputs and has 5", "saga_history",
                "DELETE FROM saga_history WHERE \(sql: last)"),
            damage(
                "I11", "create-order \"bad\" counts", "saga_history",
                "DELETE FROM saga_history WHERE saga = (SELECT id FROM saga_instance WHERE key = '\"bad\"')"),
            damage(
                "I12", "create-order \"good\": took CardAuthorized, which answers no request", "saga_history",
                """
                UPDATE saga_history SET input = regexp_replace(input, '"causation":"........', '"causation":"00000000')
                WHERE input LIKE '%CardAuthorized%'
                """),
            damage(
                "I14", "create-order \"good\" is stored in another state than its history leads to", "saga_instance",
                "UPDATE saga_instance SET state = replace(state, 'pizza', 'pasta') WHERE key = '\"good\"'"),
            damage(
                "I14", "create-order \"good\" cannot be replayed: the definition ffff", "saga_instance",
                "UPDATE saga_instance SET definition = repeat('f', 64) WHERE key = '\"good\"'"),
        ]
    }

    /// Changes a table for as long as the body runs.
    fileprivate func damaging(
        _ service: String, _ table: SQL, _ change: SQL, _ body: () async throws -> Void
    ) async throws {
        let database = try database(service)
        try await database.execute("CREATE TABLE saved AS TABLE \(sql: table)")
        #expect(try await database.execute(change) > 0, "\(change)")
        try await body()
        try await database.execute("DELETE FROM \(sql: table)")
        try await database.execute("INSERT INTO \(sql: table) OVERRIDING SYSTEM VALUE TABLE saved")
        try await database.execute("DROP TABLE saved")
    }

    /// The audit fails, and this invariant names this offender.
    fileprivate func expectBroken(_ invariant: String, _ word: String) async throws {
        let audit = try await skald("audit", "--quick", "--settle", "0", "--json")
        #expect(audit.exit == "exit status 1", "\(invariant): \(audit.output)")
        let findings = try JSON.decode(Audit.self, from: Array(audit.data.utf8)).findings
        #expect(findings.count == 14)
        let finding = try #require(findings.first { $0.invariant == invariant })
        #expect(
            finding.violations > 0 && finding.offenders.contains { $0.hasPrefix(word) },
            "\(invariant): \(word)\n\(audit.output)")
    }

    private struct Audit: Decodable {
        struct Finding: Decodable {
            var invariant: String
            var violations: Int
            var offenders: [String]
        }

        var findings: [Finding]
    }
}
