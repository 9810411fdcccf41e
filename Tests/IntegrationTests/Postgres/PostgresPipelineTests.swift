import LocalServers
import Postgres
import Testing

@Suite struct PostgresPipelineTests {
    private func code(_ result: Result<Rows, PostgresError>) -> PostgresError.Code? {
        if case .failure(let error) = result { error.code } else { nil }
    }

    @Test func oneFailureInTheMiddleOfTenThousand() async throws {
        try await Database.withPool { pool in
            try await pool.execute("CREATE TABLE item (id bigint PRIMARY KEY CHECK (id <> 5000))")
            try await pool.withConnection { connection in
                var results: [Result<Rows, PostgresError>] = []
                let error = try await postgresError {
                    try await connection.withTransaction { transaction in
                        results = await transaction.results(
                            of: (0..<10_000).map { id -> SQL in "INSERT INTO item VALUES (\(id))" })
                    }
                }
                #expect(error.code == .transactionAborted)
                #expect(error.cause?.constraintName == "item_id_check")
                #expect(results.count == 10_000)
                #expect(results[..<5000].allSatisfy { code($0) == nil })
                #expect(code(results[5000]) == .checkViolation)
                #expect(results[5001...].allSatisfy { code($0) == .transactionAborted })
                let count = try await connection.query("SELECT count(*) FROM item").only().decode(Int.self, at: 0)
                #expect(count == 0)
            }
            #expect(pool.metrics.connectCount == 1)
        }
    }

    @Test func tenThousandThatSucceedAreAllThere() async throws {
        try await Database.withPool { pool in
            try await pool.execute("CREATE TABLE item (id bigint PRIMARY KEY)")
            try await pool.withTransaction { transaction in
                let rows = try await transaction.query(
                    (0..<10_000).map { id -> SQL in "INSERT INTO item VALUES (\(id)) RETURNING id" })
                for (id, row) in rows.enumerated() { #expect(try row.only().decode(Int.self, at: 0) == id) }
            }
            #expect(try await pool.query("SELECT count(*) FROM item").only().decode(Int.self, at: 0) == 10_000)
        }
    }

    /// What concurrent tasks of one transaction send travels together.
    @Test func statementsOfConcurrentTasksShareARoundTrip() async throws {
        try await Database.withPool { pool in
            try await withTaskExecutorPreference(pool.executor) {
                let before = pool.metrics
                let sum = try await pool.withTransaction { transaction in
                    try await withThrowingTaskGroup(of: Int.self) { group in
                        for number in 1...64 {
                            group.addTask {
                                let row = try await transaction.query("SELECT \(number)").only()
                                return try row.decode(Int.self, at: 0)
                            }
                        }
                        return try await group.reduce(0, +)
                    }
                }
                #expect(sum == 64 * 65 / 2)
                // One for BEGIN and the 64 statements, one for COMMIT.
                #expect(pool.metrics.synchronisationCount - before.synchronisationCount == 2)
            }
        }
    }

    @Test func offTheExecutorConcurrentTasksStillGatherMostly() async throws {
        try await Database.withPool { pool in
            try await pool.execute("SELECT 1")
            let before = pool.metrics
            try await pool.withTransaction { transaction in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 1...256 { group.addTask { try await transaction.query("SELECT \(number)") } }
                    try await group.waitForAll()
                }
            }
            let count = pool.metrics.synchronisationCount - before.synchronisationCount
            #expect(count < 200, "256 statements took \(count) writes")
        }
    }

    @Test func aLoneTransactionTakesTwoRoundTrips() async throws {
        try await Database.withPool { pool in
            try await pool.execute("CREATE TABLE item (id bigint PRIMARY KEY)")
            let before = pool.metrics
            try await pool.withTransaction { transaction in
                try await transaction.execute("INSERT INTO item VALUES (1)")
                try transaction.enqueue("INSERT INTO item VALUES (2)")
                try transaction.enqueue("INSERT INTO item VALUES (3)")
            }
            #expect(pool.metrics.synchronisationCount - before.synchronisationCount == 2)
            #expect(try await pool.query("SELECT id FROM item").count == 3)
        }
    }

    @Test func anEnqueuedFailureShowsAtCommitAndNothingIsKept() async throws {
        try await Database.withPool { pool in
            try await pool.execute("CREATE TABLE item (id bigint PRIMARY KEY)")
            let error = try await postgresError {
                try await pool.withTransaction { transaction in
                    try await transaction.execute("INSERT INTO item VALUES (1)")
                    try transaction.enqueue("INSERT INTO item VALUES (1)")
                    try transaction.enqueue("INSERT INTO item VALUES (2)")
                }
            }
            #expect(error.code == .transactionAborted)
            #expect(error.cause?.code == .uniqueViolation)
            #expect(try await pool.query("SELECT id FROM item").isEmpty)
            #expect(pool.metrics.connectCount == 1)
        }
    }

    @Test func autocommitStatementsOfManyTasksShareAConnection() async throws {
        try await Database.withPool { pool in
            try await pool.execute("CREATE TABLE item (id bigint PRIMARY KEY)")
            try await pool.withConnection { connection in
                await withTaskGroup(of: Void.self) { group in
                    for id in 0..<200 {
                        group.addTask { _ = try? await connection.execute("INSERT INTO item VALUES (\(id % 100))") }
                    }
                }
                let items = try await connection.query("SELECT id FROM item")
                #expect(items.count == 100)
            }
        }
    }

    /// A transaction of one statement fails at its end, behind the statement's own success.
    @Test func aDeferredConstraintFailsTheStatementThatBrokeIt() async throws {
        try await Database.withPool { pool in
            try await pool.execute("CREATE TABLE item (id bigint UNIQUE DEFERRABLE INITIALLY DEFERRED)")
            try await pool.execute("INSERT INTO item VALUES (1)")
            let alone = try await postgresError { try await pool.execute("INSERT INTO item VALUES (1)") }
            #expect(alone.code == .uniqueViolation)
            let results = await pool.results(of: [
                "INSERT INTO item VALUES (2)", "INSERT INTO item VALUES (1)", "INSERT INTO item VALUES (3)",
            ])
            #expect(results.map(code) == [nil, .uniqueViolation, nil])
            let atCommit = try await postgresError {
                _ = try await pool.withTransaction { try await $0.execute("INSERT INTO item VALUES (1)") }
            }
            #expect(atCommit.code == .uniqueViolation)
            #expect(try await pool.query("SELECT id FROM item").count == 3)
            #expect(pool.metrics.connectCount == 1)
        }
    }

    @Test func aStatementThatCannotBePreparedSpoilsNothingElse() async throws {
        try await Database.withPool { pool in
            for _ in 0..<3 {
                let error = try await postgresError { try await pool.query("SELECT nonsense FROM nowhere") }
                #expect(error.code == .statementInvalid)
                #expect(error.sqlState == "42P01")
            }
            try await pool.execute("CREATE TABLE nowhere (nonsense bigint)")
            #expect(try await pool.query("SELECT nonsense FROM nowhere").isEmpty)
        }
    }

    @Test func moreStatementsThanTheCacheHolds() async throws {
        try await Database.withPool {
            $0.limits.preparedStatementCountMax = 2
        } _: { pool in
            try await pool.withConnection { connection in
                for _ in 0..<3 {
                    #expect(try await connection.query("SELECT 1").count == 1)
                    #expect(try await connection.query("SELECT 1 WHERE true").count == 1)
                    #expect(try await connection.query("SELECT 1 WHERE false").count == 0)
                }
                let left = try await connection.query("SELECT count(*) FROM pg_prepared_statements").only()
                #expect(try left.decode(Int.self, at: 0) <= 2)
            }
        }
    }

    @Test func aStaleStatementIsPreparedAfresh() async throws {
        try await Database.withPool {
            $0.pool.connectionCountMax = 1
        } _: { pool in
            func all() async throws -> Int { try await pool.query("SELECT * FROM item").only().columnCount }
            try await pool.execute("CREATE TABLE item (id bigint)")
            try await pool.execute("INSERT INTO item VALUES (1)")
            #expect(try await all() == 1)
            try await pool.execute("ALTER TABLE item ADD COLUMN note text")
            #expect(try await all() == 2)

            func inTransaction() async throws -> Int {
                try await pool.withTransaction { try await $0.query("SELECT * FROM item").only().columnCount }
            }
            #expect(try await inTransaction() == 2)
            try await pool.execute("ALTER TABLE item ADD COLUMN further text")
            #expect(try await inTransaction() == 3)
            try await pool.execute("DEALLOCATE ALL")
            #expect(try await all() == 3)
            #expect(try await inTransaction() == 3)
            #expect(pool.metrics.connectCount == 1)
        }
    }

    /// More than both sides' socket buffers hold, in both directions at once.
    @Test func muchDataBothWaysDoesNotDeadlock() async throws {
        try await Database.withPool { pool in
            let body = [UInt8](repeating: 7, count: 1_000_000)
            try await pool.withTransaction { transaction in
                let rows = try await transaction.query((0..<64).map { _ -> SQL in "SELECT \(body)" })
                for row in rows { #expect(try row.only().decode([UInt8].self, at: 0) == body) }
            }
        }
    }
}
