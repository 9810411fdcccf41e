import Postgres
import SagaModel
import Testing

@testable import Orchestration

/// Rows that hold JSON, and not what belongs there: an error that names the place, for whoever reads them.
@Suite(.timeLimit(.minutes(1))) struct DamagedRowTests {
    @Test(arguments: ["[]", "1"])
    func anEarlyEventThatIsNoRecord(payload: String) async throws {
        let error = try await error(
            reading: "SELECT gen_random_uuid(), gen_random_uuid(), 'kitchen.ticket-accepted', \(payload)"
        ) { row, _ in try EarlyEventStore.input(row) }
        #expect(error?.place == "payload")
    }

    @Test func searchDataThatIsNoRecord() async throws {
        let error = try await error(
            reading: """
                SELECT gen_random_uuid(), 'create-order', 1::integer, 'f', '"o1"', 'running', NULL::text, 1::bigint,
                    '[]'::jsonb, NULL::text, now(), now(), NULL::timestamptz, NULL::text
                """
        ) { row, pool in try await SagaStore(pool).summaries([row]) }
        #expect(error?.place == "search")
    }

    private func error<Value>(
        reading query: SQL, _ read: (Row, PostgresPool) async throws -> Value
    ) async throws -> FormatError? {
        try await EmptyDatabase.withPool { pool in
            let row = try await pool.query(query).only()
            return await #expect(throws: FormatError.self) { try await read(row, pool) }
        }
    }
}
