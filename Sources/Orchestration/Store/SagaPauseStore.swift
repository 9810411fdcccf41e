import Postgres
import SagaModel

/// The SQL of participants that are paused, and of sagas that have not heard of it.
struct SagaPauseStore: Sendable {
    /// A saga that believes otherwise than what is so.
    struct Untold: Sendable {
        var saga: Identifier
        var believed: [String]
        /// The participants its definition speaks to.
        var participants: [String]

        /// What it has to hear.
        func inputs(_ paused: [String], place: Int) -> [SagaInput] {
            let new = paused.filter { participants.contains($0) && !believed.contains($0) }
            let over = believed.filter { !paused.contains($0) }
            return new.map { SagaInput(.existing(saga), .paused(participant: $0), place: place) }
                + over.map { SagaInput(.existing(saga), .resumed(participant: $0), place: place) }
        }
    }

    static func paused(in database: some PostgresQueryable) async throws(PostgresError) -> [String] {
        var names: [String] = []
        for row in try await database.query("SELECT participant FROM saga_pause ORDER BY participant") {
            names.append(try row.decode(at: 0))
        }
        return names
    }

    /// Whether any running saga takes a participant for paused.
    static func isAnyPause(believedIn database: some PostgresQueryable) async throws(PostgresError) -> Bool {
        try await database.query(
            "SELECT EXISTS (SELECT FROM saga_instance WHERE ended_at IS NULL AND paused <> '{}')"
        ).only().decode(at: 0)
    }

    static func untold(
        _ paused: [String], leavingOut: [Identifier], countMax: Int, in transaction: Transaction
    ) async throws(PostgresError) -> [Untold] {
        let rows = try await transaction.query(
            """
            SELECT saga.id, saga.paused, definition.participants
            FROM saga_instance AS saga JOIN saga_definition AS definition ON definition.hash = saga.definition
            WHERE ended_at IS NULL AND saga.id <> ALL (\(leavingOut.map { PostgresUUID($0) }))
                AND (NOT saga.paused <@ \(paused)
                    OR EXISTS (SELECT FROM unnest(\(paused)) AS name
                        WHERE name = ANY (definition.participants) AND name <> ALL (saga.paused)))
            ORDER BY saga.id LIMIT \(Int64(countMax)) FOR UPDATE OF saga SKIP LOCKED
            """)
        var untold: [Untold] = []
        for row in rows {
            let (saga, believed, participants) = try row.decode(PostgresUUID.self, [String].self, [String].self)
            untold.append(Untold(saga: Identifier(saga), believed: believed, participants: participants))
        }
        return untold
    }

    /// A participant that is paused already keeps its first reason.
    static func set(_ order: OrderPause, in transaction: Transaction) async throws(PostgresError) {
        let change: SQL =
            order.isPaused
            ? """
            INSERT INTO saga_pause (participant, reason, who)
            VALUES (\(order.participant), \(order.reason), \(order.who)) ON CONFLICT DO NOTHING
            """
            : "DELETE FROM saga_pause WHERE participant = \(order.participant)"
        try await transaction.execute(change)
    }
}
