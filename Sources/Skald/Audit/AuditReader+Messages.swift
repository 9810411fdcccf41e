import Messaging
import Postgres

/// What outboxes, inboxes and stored replies say.
extension AuditReader {
    /// More are counted as so many.
    private static let countMax: Int64 = 1000

    func readMessages(_ service: ServiceDeclaration, _ facts: inout AuditFacts) async throws {
        let pool = try pool(service.name)
        let commands = Self.sagaCommands(of: service)
        let counts = try await pool.query(
            """
            SELECT (SELECT count(*) FROM skald.outbox),
                (SELECT count(*) FROM skald.reply) + (SELECT count(*) FROM skald.inbox WHERE \(sql: commands))
            """
        ).only().decode(Int64.self, Int64.self)
        facts.outboxCounts[service.name] = Int(counts.0)
        facts.answerCounts[service.name] = Int(counts.1)
        facts.orphanedReplies[service.name] = try await pool.query(Self.orphanedReplies)
            .map { try $0.decode(String.self, at: 0) }
        facts.unansweredCommands[service.name] = try await unansweredCommands(pool, commands)
    }

    /// What of the inbox came from a saga, or says so: events are named after others, and what belongs to no saga may be of a
    /// kind that nobody wants answered.
    private static func sagaCommands(of service: ServiceDeclaration) -> SQL {
        """
        saga IS NOT NULL AND split_part(type, '.', 1) = \(service.name)
            AND type <> ALL (\(service.subscriptions.map(\.text)))
        """
    }

    /// Inbox and replies are forgotten by days, each by its own: one whose other half lies in the partition for all other days
    /// may have lost it in time.
    private static let orphanedReplies: SQL = """
        WITH orphan AS MATERIALIZED (
            SELECT command_id, tableoid::regclass::text AS part FROM skald.reply
            WHERE NOT EXISTS (SELECT FROM skald.inbox WHERE inbox.id = command_id))
        SELECT command_id::text FROM orphan WHERE to_regclass(replace(part, 'reply', 'inbox')) IS NOT NULL
        LIMIT \(countMax)
        """

    /// Only a saga that there is, or was, has to be answered: anybody may name one.
    private func unansweredCommands(_ pool: PostgresPool, _ commands: SQL) async throws -> [String] {
        let rows = try await pool.query(
            """
            WITH command AS MATERIALIZED (
                SELECT id, saga, tableoid::regclass::text AS part FROM skald.inbox
                WHERE \(sql: commands) AND NOT EXISTS (SELECT FROM skald.reply WHERE command_id = inbox.id))
            SELECT id::text, saga FROM command WHERE to_regclass(replace(part, 'inbox', 'reply')) IS NOT NULL
            LIMIT \(Self.countMax)
            """
        ).map { try $0.decode(String.self, String.self) }
        if rows.isEmpty { return [] }
        let sagas = try await self.pool(TopologyNames.orchestrator).query(
            "SELECT saga::text FROM saga_key WHERE saga::text = ANY (\(rows.map(\.1)))"
        ).map { try $0.decode(String.self, at: 0) }
        return rows.filter { sagas.contains($0.1) }.map(\.0)
    }
}
