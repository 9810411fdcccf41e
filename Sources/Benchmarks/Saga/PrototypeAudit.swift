internal import LocalServers

/// Whether the prototype did its whole work: a ceiling that left something out would be none.
enum PrototypeAudit {
    /// Waits until the tables hold what so many approved orders leave behind.
    ///
    /// - Parameter patience: how long what follows an order's end may take: its last reply, the last confirmed rows.
    /// - Throws: when they do not, with what is wrong.
    static func check(_ system: SagaSystem, orderCount: Int, patience: Duration = .seconds(10)) async throws {
        let deadline = ContinuousClock.now + patience
        while true {
            let wrong = try await differences(system, orderCount)
            if wrong.isEmpty { return }
            if ContinuousClock.now > deadline {
                throw BaselineFailure(
                    description: "the prototype's tables are not those of \(orderCount) orders: "
                        + wrong.joined(separator: ", "))
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    private static func differences(_ system: SagaSystem, _ orderCount: Int) async throws -> [String] {
        var wrong: [String] = []
        for (service, counts) in counts {
            let rows = try await system.cluster.psql(
                counts, ["orders": String(orderCount)], in: system.database(of: service))
            wrong += rows.split(separator: "\n").map { "\(service) \($0)" }
        }
        return wrong
    }

    /// What does not fit, by service. A row is counted for each command that is claimed, fenced and answered, for each change
    /// of what the service keeps, and for nothing that is still to be published.
    private static let counts = [
        "order": """
        SELECT what, count FROM (VALUES
            ('outbox', (SELECT count(*) FROM outbox), 0), ('inbox', (SELECT count(*) FROM inbox), 2),
            ('fence', (SELECT count(*) FROM fence), 1), ('reply', (SELECT count(*) FROM reply), 1),
            ('orders', (SELECT count(*) FROM orders WHERE state = 'APPROVED' AND total = 3150), 1))
            AS found (what, count, wanted) WHERE count <> wanted * :orders
        """,
        "consumer": """
        SELECT what, count FROM (VALUES
            ('outbox', (SELECT count(*) FROM outbox), 0), ('inbox', (SELECT count(*) FROM inbox), 1),
            ('fence', (SELECT count(*) FROM fence), 1), ('reply', (SELECT count(*) FROM reply), 1),
            ('slot', (SELECT count(*) FROM slot WHERE state = 'TAKEN'), 1))
            AS found (what, count, wanted) WHERE count <> wanted * :orders
        """,
        "kitchen": """
        SELECT what, count FROM (VALUES
            ('outbox', (SELECT count(*) FROM outbox), 0), ('inbox', (SELECT count(*) FROM inbox), 2),
            ('fence', (SELECT count(*) FROM fence), 2), ('reply', (SELECT count(*) FROM reply), 2),
            ('ticket', (SELECT count(*) FROM ticket WHERE state = 'AWAITING_ACCEPTANCE' AND total = 3150), 1))
            AS found (what, count, wanted) WHERE count <> wanted * :orders
        """,
        "accounting": """
        SELECT what, count FROM (VALUES
            ('outbox', (SELECT count(*) FROM outbox), 0), ('inbox', (SELECT count(*) FROM inbox), 1),
            ('fence', (SELECT count(*) FROM fence), 1), ('reply', (SELECT count(*) FROM reply), 1),
            ('hold', (SELECT count(*) FROM authorization_hold WHERE state = 'AUTHORIZED'), 1),
            ('ledger', (SELECT count(*) FROM ledger WHERE amount = 3150), 1),
            ('held', (SELECT sum(held)::bigint FROM account), 3150))
            AS found (what, count, wanted) WHERE count <> wanted * :orders
        """,
        "orchestrator": """
        SELECT what, count FROM (VALUES
            ('outbox', (SELECT count(*) FROM outbox), 0), ('inbox', (SELECT count(*) FROM inbox), 6),
            ('key', (SELECT count(*) FROM saga_key), 1), ('history', (SELECT count(*) FROM saga_history), 6),
            ('instance', (SELECT count(*) FROM saga_instance WHERE phase = 'finished' AND version = 6), 1))
            AS found (what, count, wanted) WHERE count <> wanted * :orders
        """,
    ]
}
