import AMQP
import Participant
import Postgres
import Testing

/// How the planner is set for the sessions of a participant, and sessions in general.
@Suite struct PlanTests {
    @Test func aSessionStartsWithItsSettings() async throws {
        try await Database.withPool {
            // White space in a value must not end it.
            $0.sessionSettings = ["DateStyle": "SQL, DMY"]
        } _: { pool in
            let style: String = try await pool.query("SHOW DateStyle").only().decode(at: 0)
            #expect(style == "SQL, DMY")
        }
    }

    @Test func aParticipantReadsABatchByKeyAlsoFromASmallTable() async throws {
        let standard = try await plan { _ in }
        #expect(standard.contains("Seq Scan"), "the planner has learnt: the settings may go")
        let plan = try await plan { configuration in
            configuration =
                ParticipantConfiguration(
                    service: "bank", broker: ConnectionConfiguration(), database: configuration
                ).database
        }
        #expect(plan.contains("Index Scan") && !plan.contains("Seq Scan"), "\(plan)")
    }

    @Test func whoeverChoosesASettingIsObeyed() async throws {
        let plan = try await plan { configuration in
            configuration.sessionSettings["enable_seqscan"] = "on"
            configuration.sessionSettings["enable_hashjoin"] = "on"
            configuration =
                ParticipantConfiguration(
                    service: "bank", broker: ConnectionConfiguration(), database: configuration
                ).database
        }
        #expect(plan.contains("Seq Scan"))
    }

    /// The plan of an update by a batch of keys, over a table that is still small.
    private func plan(_ change: (inout PostgresConfiguration) -> Void) async throws -> String {
        try await Database.withPool(change) { pool in
            try await pool.query("CREATE TABLE account (id text PRIMARY KEY, balance bigint NOT NULL)")
            try await pool.query("INSERT INTO account SELECT 'a' || number, 0 FROM generate_series(1, 100) AS number")
            let ids = (1...64).map { "a\($0)" }
            let rows = try await pool.query(
                """
                EXPLAIN UPDATE account SET balance = balance + 1 FROM unnest(\(ids)) AS wanted (id)
                WHERE account.id = wanted.id
                """)
            return try rows.map { try $0.decode(String.self, at: 0) }.joined(separator: "\n")
        }
    }
}
