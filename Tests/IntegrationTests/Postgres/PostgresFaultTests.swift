import LocalServers
import Postgres
import Testing

/// What happens when the server, or the way to it, goes away in the middle.
@Suite struct PostgresFaultTests {
    private func terminate(_ processID: Int32, _ pool: PostgresPool) async throws {
        try await pool.query("SELECT pg_terminate_backend(\(processID))")
        try await pool.waitUntil("SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = \(processID)")
    }

    private func processID(_ transaction: Transaction) async throws -> Int32 {
        try await transaction.query("SELECT pg_backend_pid()").only().decode(at: 0)
    }

    @Test func terminatedWhileIdle() async throws {
        try await Database.withPool { pool in
            // Two at once are two connections; the one that goes back is ended by the other.
            try await pool.withConnection { other in
                let victim = try await pool.withConnection { $0.processID }
                try await other.query("SELECT pg_terminate_backend(\(victim))")
                try await other.waitUntil("SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = \(victim)")
            }
            for _ in 0..<20 { #expect(try await pool.query("SELECT 1").count == 1) }
        }
    }

    @Test func terminatedBetweenStatementsOfATransaction() async throws {
        try await Database.withPool { pool in
            try await pool.execute("CREATE TABLE item (id bigint)")
            let error = try await postgresError {
                try await pool.withTransaction { transaction in
                    try await transaction.execute("INSERT INTO item VALUES (1)")
                    try await terminate(try await processID(transaction), pool)
                    try await transaction.execute("INSERT INTO item VALUES (2)")
                }
            }
            #expect(error.code == .connectionLost)
            #expect(error.group == .connection)
            #expect(error.isRetriable)
            #expect(try await pool.query("SELECT id FROM item").isEmpty)
        }
    }

    @Test func terminatedInsideAStatement() async throws {
        try await Database.withPool { pool in
            let error = try await postgresError {
                try await pool.withTransaction { transaction in
                    let victim = try await processID(transaction)
                    async let sleeping = transaction.query("SELECT pg_sleep(60)")
                    try await pool.waitUntil(
                        "SELECT count(*) = 1 FROM pg_stat_activity WHERE pid = \(victim) AND wait_event = 'PgSleep'")
                    try await terminate(victim, pool)
                    _ = try await sleeping
                }
            }
            #expect(error.code == .connectionLost)
            #expect(error.sqlState == "57P01")
        }
    }

    @Test func terminatedWithManyStatementsUnderWay() async throws {
        try await Database.withPool { pool in
            var results: [Result<Rows, PostgresError>] = []
            _ = try await postgresError {
                try await pool.withTransaction { transaction in
                    let victim = try await processID(transaction)
                    async let answers = transaction.results(
                        of: [SQL](repeating: "SELECT 1", count: 50) + ["SELECT pg_sleep(60)"]
                            + [SQL](repeating: "SELECT 2", count: 50))
                    try await pool.waitUntil(
                        "SELECT count(*) = 1 FROM pg_stat_activity WHERE pid = \(victim) AND wait_event = 'PgSleep'")
                    try await terminate(victim, pool)
                    results = await answers
                }
            }
            #expect(results.count == 101)
            for result in results[50...] {
                guard case .failure(let error) = result else {
                    Issue.record("a statement behind the end succeeded")
                    continue
                }
                #expect(error.code == .connectionLost || error.code == .transactionAborted)
            }
            #expect(try await pool.query("SELECT 1").count == 1)
        }
    }

    @Test func terminatedInsideAStatementOfItsOwnLeavesTheOutcomeToTheServer() async throws {
        try await Database.withPool { pool in
            try await pool.withConnection { connection in
                let victim = connection.processID
                async let sleeping = connection.query("SELECT pg_sleep(60)")
                try await pool.waitUntil(
                    "SELECT count(*) = 1 FROM pg_stat_activity WHERE pid = \(victim) AND wait_event = 'PgSleep'")
                try await terminate(victim, pool)
                var failure: PostgresError?
                do { _ = try await sleeping } catch let error as PostgresError { failure = error }
                let error = try #require(failure)
                // The server said itself that it gave up, before the statement was done.
                #expect(error.code == .connectionLost)
                #expect(error.sqlState == "57P01")
            }
        }
    }

    @Test func terminatedDuringACopyIn() async throws {
        try await Database.withPool { pool in
            try await pool.execute("CREATE TABLE item (id bigint)")
            let error = try await postgresError {
                try await pool.withTransaction { transaction in
                    let victim = try await processID(transaction)
                    try await transaction.copyIn("COPY item FROM STDIN (FORMAT binary)") { writer in
                        for id in 0..<20_000 { try await writer.write(id) }
                        try await terminate(victim, pool)
                        for id in 0..<2_000_000 { try await writer.write(id) }
                    }
                }
            }
            #expect(error.code == .connectionLost)
            #expect(try await pool.query("SELECT id FROM item").isEmpty)
        }
    }

    @Test func terminatedDuringACopyOut() async throws {
        try await Database.withPool { pool in
            let error = try await postgresError {
                try await pool.withTransaction { transaction in
                    let victim = try await processID(transaction)
                    try await transaction.copyOutRows(
                        "COPY (SELECT n FROM generate_series(1, 5000000) AS n) TO STDOUT (FORMAT binary)"
                    ) { rows in
                        var count = 0
                        for try await _ in rows {
                            count += 1
                            if count == 1000 { try await terminate(victim, pool) }
                        }
                    }
                }
            }
            #expect(error.code == .connectionLost)
            #expect(try await pool.query("SELECT 1").count == 1)
        }
    }

    @Test(arguments: [PostgresCluster.StopMode.fast, .immediate, .kill])
    func theServerStopsAndComesBack(_ mode: PostgresCluster.StopMode) async throws {
        let cluster = try await PostgresCluster.started()
        do {
            try await stopAndReturn(cluster, mode)
            try await cluster.shutDown()
        } catch {
            try? await cluster.shutDown()
            throw error
        }
    }

    private func stopAndReturn(_ cluster: PostgresCluster, _ mode: PostgresCluster.StopMode) async throws {
        let pool = Database(cluster: cluster, name: "postgres").pool()
        defer { pool.close() }
        try await pool.execute("CREATE TABLE item (id bigint)")
        try await pool.execute("INSERT INTO item VALUES (1)")
        let error = try await postgresError {
            try await pool.withTransaction { transaction in
                try await transaction.execute("INSERT INTO item VALUES (2)")
                try await cluster.stop(mode)
                try await transaction.execute("INSERT INTO item VALUES (3)")
            }
        }
        #expect(error.group == .connection)
        #expect(error.isRetriable)
        let away = try await postgresError {
            try await pool.withConnection(timeout: .milliseconds(300)) { _ in }
        }
        #expect(away.code == .poolTimeout)
        #expect(away.cause?.group == .connection)
        // Somebody who waits is served when the server is back.
        async let waiting = pool.query("SELECT id FROM item")
        try await cluster.start()
        let ids = try await waiting.map { row in try row.decode(Int.self, at: 0) }
        #expect(ids == [1])
    }

    /// The link swallows everything: nothing breaks, nothing comes.
    @Test func aHalfOpenLinkIsGivenUp() async throws {
        try await Database.withFresh { database in
            let proxy = try FaultProxy(to: database.cluster.port)
            let pool = database.pool(through: proxy) {
                $0.timeouts.statement = .seconds(1)
                $0.pool.connectionCountMax = 1
            }
            defer { pool.close() }
            try await pool.query("SELECT 1")
            await proxy.set(.swallow)
            let error = try await postgresError {
                try await pool.withTransaction { try await $0.query("SELECT 2") }
            }
            #expect(error.code == .connectionLost)
            await proxy.set(.pass)
            #expect(try await pool.query("SELECT 3").count == 1)
            await proxy.close()
        }
    }

    @Test func aSlowAndChoppedLinkChangesNothing() async throws {
        try await Database.withFresh { database in
            let proxy = try FaultProxy(to: database.cluster.port)
            let pool = database.pool(through: proxy)
            defer { pool.close() }
            try await pool.query("SELECT 1")
            await proxy.set(.sliced(into: 7))
            let sum = try await pool.withTransaction { transaction in
                let rows = try await transaction.query((1...200).map { number -> SQL in "SELECT \(number)" })
                return try rows.reduce(0) { sum, rows in sum + (try rows.only().decode(Int.self, at: 0)) }
            }
            #expect(sum == 200 * 201 / 2)
            #expect(pool.metrics.lossCount == 0)
            await proxy.close()
        }
    }

    @Test func aResetInTheMiddleOfAnAnswerIsALoss() async throws {
        try await Database.withFresh { database in
            let proxy = try FaultProxy(to: database.cluster.port)
            let pool = database.pool(through: proxy)
            defer { pool.close() }
            try await pool.query("SELECT 1")
            await proxy.set(.cut(.afterBytes(5000), .reset), on: .toClient)
            let error = try await postgresError {
                try await pool.withTransaction { try await $0.query("SELECT repeat('x', 100000)") }
            }
            #expect(error.code == .connectionLost)
            #expect(try await pool.query("SELECT 1").count == 1)
            await proxy.close()
        }
    }
}
