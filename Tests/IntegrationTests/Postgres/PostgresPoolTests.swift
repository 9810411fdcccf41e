import Glibc
import LocalServers
import Postgres
import Telemetry
import Testing

/// A request to stop a statement that has not begun is for nobody.
private let aSessionSleeps: SQL = "SELECT count(*) = 1 FROM \(sql: ownBackends) AND wait_event = 'PgSleep'"

@Suite struct PostgresPoolTests {
    @Test func neverMoreConnectionsThanAllowedAndEverybodyIsServed() async throws {
        try await Database.withPool {
            $0.pool.connectionCountMax = 3
        } _: { pool in
            try await withThrowingTaskGroup(of: Int32.self) { group in
                for _ in 0..<60 {
                    group.addTask {
                        try await pool.query("SELECT pg_backend_pid() FROM pg_sleep(0.005)").only().decode(at: 0)
                    }
                }
                var processes = Set<Int32>()
                for try await process in group { processes.insert(process) }
                #expect(processes.count <= 3)
            }
            #expect(pool.metrics.connectCount <= 3)
        }
    }

    @Test func whoWaitsTooLongIsToldWhy() async throws {
        try await Database.withPool {
            $0.pool.connectionCountMax = 1
        } _: { pool in
            try await pool.withConnection { connection in
                try await connection.query("SELECT 1")
                let error = try await postgresError {
                    try await pool.withConnection(timeout: .milliseconds(50)) { _ in }
                }
                #expect(error.code == .poolTimeout)
                #expect(error.group == .resource)
                #expect(error.isRetriable)
            }
            #expect(pool.metrics.acquireTimeoutCount == 1)
            #expect(try await pool.query("SELECT 1").count == 1)
        }
    }

    @Test func aCancelledWaiterLeavesTheLine() async throws {
        try await Database.withPool {
            $0.pool.connectionCountMax = 1
        } _: { pool in
            let taken = Meeting(count: 2)
            let release = Meeting(count: 2)
            let holder = Task {
                try await pool.withConnection { _ in
                    await taken.arrive()
                    await release.arrive()
                }
            }
            await taken.arrive()
            let waiter = Task { try await pool.query("SELECT 1") }
            while pool.metrics.waitingCount == 0 { await Task.yield() }
            waiter.cancel()
            let error = try await postgresError { _ = try await waiter.value }
            #expect(error.code == .cancelled)
            #expect(pool.metrics.waitingCount == 0)
            await release.arrive()
            try await holder.value
            #expect(try await pool.query("SELECT 1").count == 1)
        }
    }

    @Test func aCancelledTaskStopsItsStatementAtTheServer() async throws {
        try await Database.withPool { pool in
            let sleeper = Task { try await pool.query("SELECT pg_sleep(60)") }
            try await pool.waitUntil(aSessionSleeps)
            let start = ContinuousClock.now
            sleeper.cancel()
            let error = try await postgresError { _ = try await sleeper.value }
            #expect(error.code == .cancelled)
            #expect(ContinuousClock.now - start < .seconds(30))
            try await pool.waitUntil(
                "SELECT count(*) = 0 FROM \(sql: ownBackends) AND state = 'active' AND query LIKE 'SELECT pg_sleep(60)%'"
            )
            // The connections are good: no late cancel request hits what comes next.
            for _ in 0..<50 { #expect(try await pool.query("SELECT 1").count == 1) }
            #expect(pool.metrics.lossCount == 0)
        }
    }

    @Test(.timeLimit(.minutes(1))) func aRequestToStopThatIsLostIsRepeated() async throws {
        try await Database.withFresh { database in
            let observer = database.pool()
            defer { observer.close() }
            let proxy = try FaultProxy(to: database.cluster.port)
            let pool = database.pool(through: proxy)
            defer { pool.close() }
            let sleeper = Task { try await pool.query("SELECT pg_sleep(60)") }
            try await observer.waitUntil(aSessionSleeps)
            // The code that such a request begins with (protocol section 55.7, "CancelRequest"); what follows is cut off.
            await proxy.set(.cut(.afterPattern([0x04, 0xD2, 0x16, 0x2E])), on: .toServer)
            sleeper.cancel()
            let error = try await postgresError { _ = try await sleeper.value }
            #expect(error.code == .cancelled)
            try await proxy.wait { $0.cut == 1 }
            #expect(pool.metrics.lossCount == 0)
            await proxy.close()
        }
    }

    @Test func aTaskThatIsCancelledAlreadySendsNothing() async throws {
        try await Database.withPool { pool in
            try await pool.execute("CREATE TABLE item (id bigint)")
            let gate = Meeting(count: 2)
            let task = Task {
                await gate.arrive()
                return try await pool.execute("INSERT INTO item VALUES (1)")
            }
            task.cancel()
            await gate.arrive()
            let error = try await postgresError { _ = try await task.value }
            #expect(error.code == .cancelled)
            #expect(try await pool.query("SELECT id FROM item").isEmpty)
        }
    }

    @Test func cancellingOneTaskAbortsTheTransactionItShares() async throws {
        try await Database.withPool { pool in
            try await pool.execute("CREATE TABLE item (id bigint)")
            let error = try await postgresError {
                try await pool.withTransaction { transaction in
                    try await transaction.execute("INSERT INTO item VALUES (1)")
                    let sleeper = Task { try await transaction.query("SELECT pg_sleep(60)") }
                    try await pool.waitUntil(aSessionSleeps)
                    sleeper.cancel()
                    let own = try await postgresError { _ = try await sleeper.value }
                    #expect(own.code == .cancelled)
                    let other = try await postgresError { try await transaction.query("SELECT 1") }
                    #expect(other.code == .transactionAborted)
                    #expect(other.cause?.code == .cancelled)
                }
            }
            #expect(error.code == .transactionAborted)
            #expect(try await pool.query("SELECT id FROM item").isEmpty)
            #expect(pool.metrics.lossCount == 0)
        }
    }

    /// One of many tasks on one connection gives up; the statements of the others happen, each exactly once.
    @Test func cancellingOneStatementLeavesItsNeighboursAlone() async throws {
        try await Database.withPool { pool in
            try await pool.execute("CREATE TABLE item (id bigint)")
            try await pool.withConnection { connection in
                let victim = Task { try await connection.query("SELECT pg_sleep(60)") }
                try await pool.waitUntil(aSessionSleeps)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for id in 0..<20 {
                        group.addTask { try await connection.execute("INSERT INTO item VALUES (\(id))") }
                    }
                    victim.cancel()
                    try await group.waitForAll()
                }
                let error = try await postgresError { _ = try await victim.value }
                #expect(error.code == .cancelled)
            }
            #expect(try await pool.query("SELECT DISTINCT id FROM item").count == 20)
            #expect(try await pool.query("SELECT id FROM item").count == 20)
        }
    }

    @Test func aStatementPastItsDeadlineIsStopped() async throws {
        try await Database.withPool { pool in
            let error = try await postgresError {
                try await pool.query("SELECT pg_sleep(60)", timeout: .seconds(1))
            }
            #expect(error.code == .deadlineExceeded)
            #expect(try await pool.query("SELECT 1").count == 1)
            #expect(pool.metrics.lossCount == 0)
        }
    }

    @Test func theServersOwnTimeoutIsToldApart() async throws {
        try await Database.withPool {
            $0.timeouts.statement = .milliseconds(100)
        } _: { pool in
            let error = try await postgresError { try await pool.query("SELECT pg_sleep(60)") }
            #expect(error.code == .statementTimeout)
            #expect(error.sqlState == "57014")
        }
    }

    @Test func anIdleTransactionIsEndedByTheServer() async throws {
        try await Database.withPool {
            $0.timeouts.idleInTransaction = .milliseconds(100)
        } _: { pool in
            let error = try await postgresError {
                try await pool.withTransaction { transaction in
                    try await transaction.query("SELECT 1")
                    try await pool.waitUntil(
                        "SELECT count(*) = 0 FROM \(sql: ownBackends) AND state = 'idle in transaction'")
                    try await transaction.query("SELECT 2")
                }
            }
            #expect(error.code == .connectionLost)
            #expect(error.isRetriable)
            #expect(try await pool.query("SELECT 1").count == 1)
        }
    }

    @Test func sessionsHaveTheirDefaults() async throws {
        try await Database.withPool { pool in
            let row = try await pool.query(
                """
                SELECT current_setting('statement_timeout'), current_setting('lock_timeout'),
                    current_setting('idle_in_transaction_session_timeout'), current_setting('client_encoding'),
                    current_setting('application_name')
                """
            ).only()
            let settings = try row.decode(String.self, String.self, String.self, String.self, String.self)
            #expect(settings == ("30s", "5s", "1min", "UTF8", "test"))
        }
    }

    @Test func whatABorrowerChangedIsUndone() async throws {
        try await Database.withPool {
            $0.pool.connectionCountMax = 1
        } _: { pool in
            try await pool.withConnection { connection in
                try await connection.query("SET statement_timeout = 1234")
                try await connection.query("SELECT pg_advisory_lock(1)")
                try await connection.query("LISTEN something")
            }
            let timeout = try await pool.query("SELECT current_setting('statement_timeout')").only()
            #expect(try timeout.decode(String.self, at: 0) == "30s")
            let locks = try await pool.query(
                """
                SELECT count(*) FROM pg_locks
                WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                """
            ).only()
            #expect(try locks.decode(Int.self, at: 0) == 0)
            #expect(pool.metrics.connectCount == 1)
        }
    }

    @Test func aTransactionLeftOpenCostsTheConnection() async throws {
        try await Database.withPool {
            $0.pool.connectionCountMax = 1
        } _: { pool in
            try await pool.execute("CREATE TABLE item (id bigint)")
            try await pool.withConnection { connection in
                try await connection.query("BEGIN")
                try await connection.query("INSERT INTO item VALUES (1)")
            }
            #expect(try await pool.query("SELECT id FROM item").isEmpty)
            #expect(pool.metrics.connectCount == 2)
        }
    }

    @Test func aClosedPoolRefuses() async throws {
        try await Database.withFresh { database in
            let pool = database.pool()
            try await pool.query("SELECT 1")
            pool.close()
            let error = try await postgresError { try await pool.query("SELECT 1") }
            #expect(error.code == .poolClosed)
        }
    }

    /// Waits until the server has refused the pool; a busy machine may first fail to connect in time.
    private func refusal(of pool: PostgresPool) async throws -> PostgresError {
        for _ in 0..<100 {
            let error = try await postgresError { try await pool.withConnection(timeout: .milliseconds(300)) { _ in } }
            if error.cause?.group == .permission { return error }
        }
        throw NothingThrown()
    }

    @Test func aWrongPasswordIsReportedAsSuch() async throws {
        try await Database.withFresh { database in
            let pool = database.pool {
                $0.host = database.cluster.host
                $0.password = .value("wrong")
            }
            defer { pool.close() }
            let error = try await refusal(of: pool)
            #expect(error.code == .poolTimeout)
            #expect(error.cause?.code == .authenticationFailed)
            #expect(error.cause?.group == .permission)
            #expect(!error.debugDescription.contains("wrong"))
            #expect(!"\(pool.configuration)".contains("wrong"))
        }
    }

    @Test func aRotatedPasswordIsReadAgain() async throws {
        try await Database.withFresh { database in
            let path = "/tmp/skald-test-password-\(database.name)"
            try write("wrong\n", to: path)
            defer { unlink(path) }
            let pool = database.pool {
                $0.host = database.cluster.host
                $0.password = .file(path: path)
                $0.pool.refusedBackoffMax = .milliseconds(50)
            }
            defer { pool.close() }
            let early = try await refusal(of: pool)
            #expect(early.cause?.code == .authenticationFailed)
            try write("\(database.cluster.password)\n", to: path)
            #expect(try await pool.query("SELECT 1").count == 1)
        }
    }
}
