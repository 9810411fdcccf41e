import Reactor

/// The table that records which migrations were applied, within one transaction.
struct MigrationLedger {
    let transaction: Transaction
    let set: String
    let timeout: Duration

    struct Step {
        /// The number applied, nil when nothing was missing.
        var applied: Int?
        var version: Int
    }

    /// Applies the first migration that is missing, if any, while nobody else can.
    func applyNext(of migrations: [Migration]) async throws(PostgresError) -> Step {
        try await lock()
        if try await !exists() { try await create() }
        let plan = try await plan(migrations)
        guard let number = try plan.pending().first else { return Step(version: plan.applied.count) }
        let migration = migrations[number - 1]
        for statement in migration.statements { try await transaction.query(statement, timeout: timeout) }
        try await record(plan.known[number - 1])
        return Step(applied: number, version: number)
    }

    /// Whether the table is there.
    func exists() async throws(PostgresError) -> Bool {
        try await transaction.query("SELECT to_regclass('skald_migration') IS NOT NULL").only().decode(at: 0)
    }

    /// Compares program and database.
    func plan(_ migrations: [Migration]) async throws(PostgresError) -> MigrationPlan {
        MigrationPlan(set: set, known: try await known(migrations), applied: try await applied())
    }

    /// Held until the transaction ends, also by a crash. The number is the word "skald" in ASCII.
    private func lock() async throws(PostgresError) {
        let milliseconds = "\(max(1, timeout.wholeMilliseconds))"
        try await transaction.query(
            """
            SELECT set_config('lock_timeout', \(milliseconds), true), set_config('statement_timeout', \(milliseconds), true)
            """)
        try await transaction.query("SELECT pg_advisory_xact_lock(495722785892)", timeout: timeout)
    }

    private func create() async throws(PostgresError) {
        try await transaction.query(
            """
            CREATE TABLE skald_migration (
                set text NOT NULL,
                number integer NOT NULL CHECK (number > 0),
                name text NOT NULL,
                checksum text NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT now(),
                PRIMARY KEY (set, number))
            """)
    }

    /// The server computes the checksums: SHA-256 of each migration's text.
    private func known(_ migrations: [Migration]) async throws(PostgresError) -> [MigrationPlan.Known] {
        let rows = try await transaction.query(
            """
            SELECT encode(sha256(convert_to(line, 'UTF8')), 'hex')
            FROM unnest(\(migrations.map(\.text))) WITH ORDINALITY AS migration (line, place) ORDER BY place
            """)
        var known: [MigrationPlan.Known] = []
        for (migration, row) in zip(migrations, rows) {
            known.append(
                .init(number: migration.number, name: migration.name, checksum: try row.decode(String.self, at: 0)))
        }
        return known
    }

    private func applied() async throws(PostgresError) -> [MigrationPlan.Applied] {
        let rows = try await transaction.query(
            "SELECT number, name, checksum FROM skald_migration WHERE set = \(set) ORDER BY number")
        var applied: [MigrationPlan.Applied] = []
        for row in rows {
            let (number, name, checksum) = try row.decode(Int.self, String.self, String.self)
            applied.append(.init(number: number, name: name, checksum: checksum))
        }
        return applied
    }

    private func record(_ migration: MigrationPlan.Known) async throws(PostgresError) {
        try await transaction.query(
            """
            INSERT INTO skald_migration (set, number, name, checksum)
            VALUES (\(set), \(Int32(migration.number)), \(migration.name), \(migration.checksum))
            """)
    }
}
