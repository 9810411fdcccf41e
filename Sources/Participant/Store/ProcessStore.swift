import Messaging
import Postgres

/// The SQL of a process: its lease, its sweep, its pauses.
struct ProcessStore: Sendable {
    let database: PostgresPool

    /// Registers a process and gives it an epoch. Earlier ones of the same instance are dead from now on.
    func register(instance: String, lease: Duration) async throws -> Int64 {
        try await database.withTransaction(tracksOutcome: false) { transaction in
            try await transaction.query(
                "UPDATE skald.process SET lease_until = '-infinity' WHERE instance = \(instance)")
            let row = try await transaction.query(
                """
                INSERT INTO skald.process (instance, lease_until)
                VALUES (\(instance), now() + make_interval(secs => \(lease / .seconds(1)))) RETURNING epoch
                """
            ).only()
            return try row.decode(Int64.self, at: 0)
        }
    }

    /// Extends a lease.
    ///
    /// - Returns: false if the epoch is gone or was declared dead: another process has taken its rows over.
    func renew(_ epoch: Int64, lease: Duration) async throws(PostgresError) -> Bool {
        try await database.execute(
            """
            UPDATE skald.process SET lease_until = now() + make_interval(secs => \(lease / .seconds(1)))
            WHERE epoch = \(epoch) AND lease_until > '-infinity'
            """) == 1
    }

    /// Ends a lease at once, so that nobody waits for it to run out.
    func release(_ epoch: Int64) async throws(PostgresError) {
        try await database.execute("UPDATE skald.process SET lease_until = '-infinity' WHERE epoch = \(epoch)")
    }

    /// Takes over rows whose process does not live, and rows of our own by id.
    ///
    /// Dead or forgotten makes no difference: a process that was taken for dead may commit a run under its old epoch after that
    /// has been forgotten.
    ///
    /// - Returns: the rows, now ours. Rows that another process is taking at this moment are passed over.
    func claim(_ ownIDs: [UUIDv7], epoch: Int64, countMax: Int) async throws -> [OutgoingMessage] {
        let rows = try await database.query(
            """
            UPDATE skald.outbox SET owner = \(epoch)
            WHERE id IN (
                SELECT id FROM skald.outbox
                WHERE owner NOT IN (SELECT epoch FROM skald.process WHERE lease_until >= now())
                    OR owner = \(epoch) AND id = ANY (\(ownIDs.map { PostgresUUID($0) }))
                ORDER BY id LIMIT \(Int64(countMax)) FOR UPDATE SKIP LOCKED)
            RETURNING id, exchange, routing_key, envelope, body
            """)
        var messages: [OutgoingMessage] = []
        for row in rows {
            let message = try OutgoingMessage(
                id: row.identifier(at: 0), exchange: row.decode(at: 1), routingKey: row.decode(at: 2),
                envelope: row.decode(at: 3), body: row.decode(at: 4))
            if let message { messages.append(message) }
        }
        return messages.sorted { $0.id < $1.id }
    }

    /// Whether there are dead processes at all; only then the outbox is looked through.
    func hasDeadProcesses() async throws(PostgresError) -> Bool {
        try await database.query("SELECT EXISTS (SELECT FROM skald.process WHERE lease_until < now())").only()
            .decode(at: 0)
    }

    /// Forgets dead processes that own nothing any more.
    func forgetDeadProcesses() async throws(PostgresError) {
        try await database.execute(
            """
            DELETE FROM skald.process WHERE lease_until < now()
                AND NOT EXISTS (SELECT FROM skald.outbox WHERE owner = epoch)
            """)
    }

    func delete(_ confirmed: [UUIDv7]) async throws(PostgresError) {
        try await database.execute(RunStore.deletion(confirmed))
    }

    /// How many rows wait, and for how long the oldest has.
    func backlog() async throws(PostgresError) -> (count: Int64, oldestSeconds: Double) {
        try await database.query(
            "SELECT count(*), coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 FROM skald.outbox"
        ).only().decode(Int64.self, Double.self)
    }

    func keepPartitions(daysAhead: Int32, retention: Duration) async throws(PostgresError) {
        try await database.query(
            "SELECT skald.keep_partitions(\(daysAhead), make_interval(secs => \(retention / .seconds(1))))")
        // Marks of messages that never came again.
        try await database.execute(
            "DELETE FROM skald.suspect WHERE begun_at < now() - make_interval(secs => \(retention / .seconds(1)))")
    }
}
