import LocalServers
import Postgres
import Telemetry
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

    @Test(.timeLimit(.minutes(1))) func terminatedWhileIdle() async throws {
        try await Database.withPool { pool in
            // Two at once are two connections; the one that goes back is ended by the other.
            try await pool.withConnection { other in
                let victim = try await pool.withConnection { $0.processID }
                try await other.query("SELECT pg_terminate_backend(\(victim))")
                try await other.waitUntil("SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = \(victim)")
            }
            // The server forgets a session a moment before we have read its farewell; a statement in between is in doubt.
            // It may have been found by the look at idle ones, too, which counts no loss. The other one is being reset.
            while pool.metrics.lossCount == 0, !Task.isCancelled {
                let metrics = pool.metrics
                if metrics.idleCount + metrics.leasedCount < 2 { break }
                await Task.yield()
            }
            for _ in 0..<20 { #expect(try await pool.query("SELECT 1").count == 1) }
        }
    }

    /// The server has let the client in and ends the session while the client still reads its welcome.
    @Test(.timeLimit(.minutes(2))) func terminatedDuringConnect() async throws {
        try await Database.withFresh { database in
            let observer = database.pool()
            defer { observer.close() }
            let proxy = try FaultProxy(to: database.cluster.port)
            let pool = database.pool(through: proxy) {
                $0.applicationName = "newcomer"
                $0.timeouts.connect = .seconds(60)
            }
            defer { pool.close() }
            // The welcome has some 400 bytes: there are ten seconds to end the session in.
            await proxy.set(.limited(bytesPerSecond: 40), on: .toClient)
            async let answer = Self.outcome { try await pool.query("SELECT 1") }
            try await observer.waitUntil("SELECT count(*) = 1 FROM \(sql: Self.newcomers)")
            try await observer.query("SELECT pg_terminate_backend(pid) FROM \(sql: Self.newcomers)")
            try await observer.waitUntil("SELECT count(*) = 0 FROM \(sql: Self.newcomers)")
            await proxy.set(.pass)
            // The loss is told, in doubt if the statement had left; or another connection served it.
            if let error = await answer { #expect(error.group == .connection || error.code == .unknownOutcome) }
            // Counted when those who waited have been told.
            while pool.metrics.lossCount + pool.metrics.connectFailureCount == 0 { await Task.yield() }
            #expect(try await pool.query("SELECT 1").count == 1)
            await proxy.close()
        }
    }

    private static let newcomers: SQL =
        "pg_stat_activity WHERE datname = current_database() AND application_name = 'newcomer'"

    /// A deferred trigger keeps the server busy inside COMMIT, before it is durable.
    @Test func terminatedDuringCommit() async throws {
        try await Database.withPool { pool in
            try await pool.execute("CREATE TABLE item (id bigint)")
            try await pool.execute(
                """
                CREATE FUNCTION pause() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM pg_sleep(60); RETURN NULL; END $$
                """)
            try await pool.execute(
                """
                CREATE CONSTRAINT TRIGGER pause AFTER INSERT ON item DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION pause()
                """)
            let victim = Lock<Int32>(0)
            async let committing = postgresError {
                try await pool.withTransaction { transaction in
                    let own = try await processID(transaction)
                    try await transaction.execute("INSERT INTO item VALUES (1)")
                    victim.withLock { $0 = own }
                }
            }
            try await pool.waitUntil(
                "SELECT count(*) = 1 FROM \(sql: ownBackends) AND query = 'COMMIT' AND wait_event = 'PgSleep'")
            try await terminate(victim.withLock { $0 }, pool)
            let error = try await committing
            #expect(error.code == .unknownOutcome)
            let id = try #require(error.transactionID)
            #expect(try await pool.outcome(of: id) == .aborted)
            #expect(try await pool.query("SELECT id FROM item").isEmpty)
        }
    }

    /// The server's farewell is here, the end of the link behind it is not: whoever was told meets another connection.
    @Test(.timeLimit(.minutes(1))) func aConnectionIsNotUsedBehindItsFarewell() async throws {
        try await Database.withFresh { database in
            let observer = database.pool()
            defer { observer.close() }
            let proxy = try FaultProxy(to: database.cluster.port)
            let pool = database.pool(through: proxy) { $0.pool.connectionCountMax = 1 }
            defer { pool.close() }
            let victim: Int32 = try await pool.query("SELECT pg_backend_pid()").only().decode(at: 0)
            await proxy.set(.holdEnd, on: .toClient)
            async let ended = postgresError { try await pool.query("SELECT pg_sleep(60)") }
            try await observer.waitUntil(
                "SELECT count(*) = 1 FROM pg_stat_activity WHERE pid = \(victim) AND wait_event = 'PgSleep'")
            try await terminate(victim, observer)
            #expect(try await ended.sqlState == "57P01")
            let next: Int32 = try await pool.query("SELECT pg_backend_pid()").only().decode(at: 0)
            #expect(next != victim)
            await proxy.close()
        }
    }

    /// libpq closes a broken link by itself, and the next connection gets its number.
    @Test func aConnectionThatGetsTheNumberOfALostOneIsHeard() async throws {
        try await Database.withFresh { database in
            let proxy = try FaultProxy(to: database.cluster.port)
            let pool = database.pool(through: proxy) { $0.pool.connectionCountMax = 1 }
            defer { pool.close() }
            for _ in 0..<100 {
                try await pool.query("SELECT 1")
                await proxy.set(.hold, on: .toClient)
                let sent = pool.metrics.synchronisationCount
                async let lost = Self.outcome { try await pool.query("SELECT 2") }
                while pool.metrics.synchronisationCount == sent { await Task.yield() }
                async let cut: Void = proxy.cutAll(.reset)
                async let heard: Void = Self.everyFreshConnectionAnswers(of: database)
                _ = await cut
                #expect(await lost?.code == .unknownOutcome)
                await heard
                await proxy.set(.pass)
            }
            await proxy.close()
        }
    }

    private static func everyFreshConnectionAnswers(of database: Database) async {
        await withTaskGroup { group in
            for _ in 0..<4 {
                group.addTask {
                    let fresh = database.pool { $0.timeouts.statement = .seconds(10) }
                    #expect(await outcome { try await fresh.query("SELECT 3") } == nil)
                    fresh.close()
                }
            }
        }
    }

    private static func outcome(_ body: () async throws -> Rows) async -> PostgresError? {
        do { _ = try await body() } catch { return error as? PostgresError }
        return nil
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
            try await pool.withConnection(timeout: .seconds(2)) { _ in }
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
