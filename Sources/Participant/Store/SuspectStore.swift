import Messaging
import Postgres

/// The marks of messages that may kill their process.
struct SuspectStore: Sendable {
    let database: PostgresPool

    /// Notes that a message is about to run alone in a process. Its own commit removes the note, a death leaves it.
    ///
    /// A process that begins the message again, after the database was away, counts nothing: it lives.
    ///
    /// - Returns: how many processes have died over it.
    func begin(_ id: UUIDv7, epoch: Int64) async throws(PostgresError) -> Int {
        let deathCount: Int32 = try await database.query(
            """
            INSERT INTO skald.suspect AS known (id, epoch) VALUES (\(PostgresUUID(id)), \(epoch))
            ON CONFLICT (id) DO UPDATE SET
                death_count = known.death_count + (known.epoch <> excluded.epoch)::integer, epoch = excluded.epoch,
                begun_at = now()
            RETURNING death_count
            """
        ).only().decode(at: 0)
        return Int(deathCount)
    }

    /// Clears a message that ended without a commit: it failed, or is given up.
    func end(_ id: UUIDv7) async throws(PostgresError) {
        try await database.execute(Self.removal(of: id))
    }

    static func removal(of id: UUIDv7) -> SQL {
        "DELETE FROM skald.suspect WHERE id = \(PostgresUUID(id))"
    }
}
