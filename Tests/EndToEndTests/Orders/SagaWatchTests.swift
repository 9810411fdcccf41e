import Orchestration
import Postgres
import Testing

@testable import Skald

extension TownTests {
    /// Whoever watches all sagas hears of each start and each end, once.
    @Suite struct SagaWatchTests {
        @Test func everyChangeIsToldOnceHoweverManyThereAre() async throws {
            try await Town.withTown(starting: ["orchestrator"]) { town in
                try await waitUntil("definitions are registered") {
                    try await town.has("orchestrator", "SELECT FROM saga_definition WHERE name = 'create-order'")
                }
                try await town.keeper.stop("orchestrator")
                let (database, store) = (try town.database("orchestrator"), try town.sagas())
                try await database.execute(Self.sagas(1...3, began: "1 hour", isOver: false))
                try await database.execute(Self.sagas(4...5, began: "1 second", isOver: true))
                var watch = SagaWatch(now: try await store.now())
                #expect(try await watch.look(store, pageCountMax: 10) == [])

                // Many at once; and one that began long before.
                try await database.execute(Self.sagas(100...149, began: "0", isOver: true))
                try await database.execute(Self.end("o1"))
                let lines = try await watch.look(store, pageCountMax: 10)
                #expect(lines.count == 101 && Set(lines).count == 101, "\(lines)")
                #expect(lines.filter { $0.hasSuffix(" approved") }.count == 51)
                #expect(lines.contains("create-order   o149 started") && lines.contains("create-order   o1 approved"))
                #expect(try await watch.look(store, pageCountMax: 10) == [])

                // One that others see only after they have looked at a later time.
                try await database.withTransaction { transaction in
                    try await transaction.query(Self.end("o2"))
                    // Allowed (test-sleep): the next look asks at a later time.
                    try await Task.sleep(for: .milliseconds(20))
                    for _ in 1...3 { #expect(try await watch.look(store) == []) }
                }
                #expect(try await watch.look(store) == ["create-order   o2 approved"])
                try await database.execute(
                    "UPDATE saga_instance SET is_stuck = true, changed_at = now() WHERE key = '\"o3\"'")
                #expect(try await watch.look(store) == ["create-order   o3 stuck"])
                #expect(try await watch.look(store) == [])
            }
        }

        /// Sagas as their rows are, which is all that is looked at.
        private static func sagas(_ numbers: ClosedRange<Int64>, began ago: String, isOver: Bool) -> SQL {
            """
            INSERT INTO saga_instance (id, definition, name, key, version, phase, is_stuck, outcome, state, search,
                started_at, changed_at, ended_at)
            SELECT gen_random_uuid(), hash, name, '"o' || number || '"', 1,
                CASE WHEN \(isOver) THEN 'finished' ELSE 'running' END, false, CASE WHEN \(isOver) THEN 'approved' END,
                '{}', '{}', now() - \(ago)::text::interval, now() - \(ago)::text::interval, CASE WHEN \(isOver) THEN now() END
            FROM saga_definition, generate_series(\(numbers.lowerBound), \(numbers.upperBound)) AS number
            WHERE name = 'create-order'
            """
        }

        private static func end(_ key: String) -> SQL {
            """
            UPDATE saga_instance SET phase = 'finished', outcome = 'approved', changed_at = now(), ended_at = now()
            WHERE key = \("\"\(key)\"")
            """
        }
    }
}
