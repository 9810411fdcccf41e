import Glibc
import LocalServers
import Postgres
import Testing

@Suite struct PostgresMigrationTests {
    static let orders = [
        Migration(1, "create order", ["CREATE TABLE orders (id bigint PRIMARY KEY)", "INSERT INTO orders VALUES (1)"]),
        Migration(2, "add note", ["ALTER TABLE orders ADD COLUMN note text"]),
    ]

    @Test func whatIsMissingIsAppliedOnce() async throws {
        try await Database.withPool { pool in
            #expect(try await pool.pendingMigrations("orders", Self.orders) == [1, 2])
            let first = try await pool.migrate("orders", [Self.orders[0]])
            #expect(first == MigrationReport(applied: [1], version: 1))
            #expect(try await pool.pendingMigrations("orders", Self.orders) == [2])
            let second = try await pool.migrate("orders", Self.orders)
            #expect(second == MigrationReport(applied: [2], version: 2))
            let third = try await pool.migrate("orders", Self.orders)
            #expect(third == MigrationReport(applied: [], version: 2))
            #expect(try await pool.query("SELECT id, note FROM orders").count == 1)
        }
    }

    @Test func setsShareADatabase() async throws {
        try await Database.withPool { pool in
            try await pool.migrate("orders", Self.orders)
            let other = [Migration(1, "create ticket", ["CREATE TABLE ticket (id bigint)"])]
            #expect(try await pool.migrate("kitchen", other).applied == [1])
        }
    }

    @Test func anEditedMigrationIsRefusedByName() async throws {
        try await Database.withPool { pool in
            try await pool.migrate("orders", Self.orders)
            var edited = Self.orders
            edited[0] = Migration(1, "create order", ["CREATE TABLE orders (id int PRIMARY KEY)"])
            let error = try await postgresError { try await pool.migrate("orders", edited) }
            #expect(error.code == .migrationRefused)
            #expect(error.note?.contains("migration 1 \"create order\" of orders was edited") == true)
        }
    }

    @Test func anOlderProgramRunsOnANewerDatabase() async throws {
        try await Database.withPool { pool in
            try await pool.migrate("orders", Self.orders)
            #expect(try await pool.migrate("orders", [Self.orders[0]]) == MigrationReport(applied: [], version: 2))
        }
    }

    @Test func aMigrationIsThereWhollyOrNotAtAll() async throws {
        try await Database.withPool { pool in
            let broken =
                Self.orders + [
                    Migration(3, "half", ["CREATE TABLE half (id bigint)", "ALTER TABLE missing ADD COLUMN x int"])
                ]
            let error = try await postgresError { try await pool.migrate("orders", broken) }
            #expect(error.sqlState == "42P01")
            #expect(try await pool.pendingMigrations("orders", broken) == [3])
            let half = try await pool.query("SELECT to_regclass('half') IS NULL").only().decode(Bool.self, at: 0)
            #expect(half)
        }
    }

    @Test func valuesInMigrationsAreRefused() async throws {
        try await Database.withPool { pool in
            let bound = [Migration(1, "bound", ["INSERT INTO x VALUES (\(1))"])]
            let error = try await postgresError { try await pool.migrate("orders", bound) }
            #expect(error.code == .migrationRefused)
        }
    }

    @Test func manyTasksMigrateAtOnce() async throws {
        try await Database.withPool { pool in
            let applied = try await withThrowingTaskGroup(of: [Int].self) { group in
                for _ in 0..<6 { group.addTask { try await pool.migrate("orders", Self.orders).applied } }
                return try await group.reduce(into: [Int]()) { $0 += $1 }
            }
            #expect(applied.sorted() == [1, 2])
        }
    }

    /// Two real processes, as two instances of a service that start together.
    @Test func twoProcessesMigrateAtOnce() async throws {
        try await Database.withFresh { database in
            async let first: Void = migrateInAnotherProcess(database)
            async let second: Void = migrateInAnotherProcess(database)
            _ = await (first, second)
            let pool = database.pool()
            defer { pool.close() }
            let pending = try await pool.pendingMigrations("orders", Self.orders)
            #expect(pending == [])
            #expect(try await pool.query("SELECT id FROM orders").count == 1)
        }
    }
}

private func migrateInAnotherProcess(_ database: Database) async {
    let cluster = database.cluster
    let exit = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
        [socketFolder = cluster.socketFolder as String, port = Int(cluster.port) as Int, name = database.name as String]
        in
        var configuration = PostgresConfiguration(
            host: socketFolder, port: port, database: name, user: "postgres", tls: .disabled)
        configuration.timeouts.connect = .seconds(60)
        configuration.timeouts.acquire = .seconds(120)
        let pool = PostgresPool(configuration)
        try await pool.migrate("orders", PostgresMigrationTests.orders)
        pool.close()
    }
    // What it said last: the process of the test does not show it.
    if let exit, exit.exitStatus != .exitCode(EXIT_SUCCESS) {
        Issue.record("it said: \(String(decoding: exit.standardErrorContent, as: UTF8.self).suffix(4000))")
    }
}
