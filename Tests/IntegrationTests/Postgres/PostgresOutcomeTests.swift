import LocalServers
import Postgres
import Telemetry
import Testing

/// The connection is cut when COMMIT has left, or before; the caller is told that the outcome is unknown, and finds out.
@Suite struct PostgresOutcomeTests {
    private func withProxy<Result>(
        _ body: (Database, FaultProxy, PostgresPool) async throws -> Result
    ) async throws -> Result {
        try await Database.withFresh { database in
            let proxy = try FaultProxy(to: database.cluster.port)
            let pool = database.pool(through: proxy) { $0.pool.connectionCountMax = 1 }
            defer { pool.close() }
            try await pool.execute("CREATE TABLE item (id bigint)")
            return try await body(database, proxy, pool)
        }
    }

    /// Runs a transaction whose COMMIT meets `fault`, and cuts the connection when the server has seen it, or never will.
    private func commit(
        _ proxy: FaultProxy, _ pool: PostgresPool, meeting fault: Fault, on direction: FaultProxy.Direction
    ) async throws -> PostgresError {
        try await postgresError {
            try await pool.withTransaction { transaction in
                try await transaction.execute("INSERT INTO item VALUES (1)")
                await proxy.set(fault, on: direction)
            }
        }
    }

    @Test func committedAlthoughTheAnswerIsLost() async throws {
        try await withProxy { database, proxy, pool in
            let observer = database.pool()
            defer { observer.close() }
            async let committing = commit(proxy, pool, meeting: .hold, on: .toClient)
            try await observer.waitUntil("SELECT count(*) = 1 FROM item")
            await proxy.cutAll(.reset)
            await proxy.set(.pass)
            let error = try await committing
            #expect(error.code == .unknownOutcome)
            #expect(!error.isRetriable)
            let id = try #require(error.transactionID)
            #expect(try await pool.outcome(of: id) == .committed)
            #expect(try await pool.query("SELECT id FROM item").count == 1)
            #expect(pool.metrics.unknownOutcomeCount == 1)
        }
    }

    @Test func abortedBecauseCommitNeverArrived() async throws {
        try await withProxy { database, proxy, pool in
            let sent = proxy.counts.bytesToServer
            let isHeld = Meeting(count: 2)
            let before = Lock(0)
            async let committing = postgresError {
                try await pool.withTransaction { transaction in
                    try await transaction.execute("INSERT INTO item VALUES (1)")
                    await proxy.set(.hold, on: .toServer)
                    before.withLock { $0 = pool.metrics.synchronisationCount }
                    await isHeld.arrive()
                }
            }
            await isHeld.arrive()
            // COMMIT leaves this process with the next synchronisation point, and is held back by the proxy.
            while pool.metrics.synchronisationCount == before.withLock({ $0 }) { await Task.yield() }
            await proxy.cutAll(.reset)
            await proxy.set(.pass)
            let error = try await committing
            #expect(error.code == .unknownOutcome)
            let id = try #require(error.transactionID)
            #expect(try await pool.outcome(of: id) == .aborted)
            #expect(try await pool.query("SELECT id FROM item").isEmpty)
            #expect(proxy.counts.bytesToServer > sent)
        }
    }

    @Test func aStatementOfItsOwnIsInDoubtToo() async throws {
        try await withProxy { database, proxy, pool in
            let observer = database.pool()
            defer { observer.close() }
            try await pool.query("SELECT 1")
            await proxy.set(.hold, on: .toClient)
            async let inserting = postgresError { try await pool.execute("INSERT INTO item VALUES (2)") }
            try await observer.waitUntil("SELECT count(*) = 1 FROM item")
            await proxy.cutAll(.reset)
            await proxy.set(.pass)
            let error = try await inserting
            #expect(error.code == .unknownOutcome)
            #expect(!error.isRetriable)
        }
    }

    @Test func withoutTrackingThereIsNoID() async throws {
        try await withProxy { database, proxy, pool in
            let observer = database.pool()
            defer { observer.close() }
            async let committing = postgresError {
                try await pool.withTransaction(tracksOutcome: false) { transaction in
                    try await transaction.execute("INSERT INTO item VALUES (1)")
                    await proxy.set(.hold, on: .toClient)
                }
            }
            try await observer.waitUntil("SELECT count(*) = 1 FROM item")
            await proxy.cutAll(.reset)
            await proxy.set(.pass)
            let error = try await committing
            #expect(error.code == .unknownOutcome)
            #expect(error.transactionID == nil)
        }
    }

    /// Before COMMIT has left nothing is in doubt.
    @Test func cutBeforeCommitIsAPlainLoss() async throws {
        try await withProxy { _, proxy, pool in
            let error = try await postgresError {
                try await pool.withTransaction { transaction in
                    try await transaction.execute("INSERT INTO item VALUES (1)")
                    await proxy.cutAll(.reset)
                    try await proxy.wait { $0.open == 0 }
                    try await transaction.execute("INSERT INTO item VALUES (2)")
                }
            }
            #expect(error.code == .connectionLost)
            #expect(error.isRetriable)
            #expect(try await pool.query("SELECT id FROM item").isEmpty)
        }
    }

    @Test func aTransactionStillRunningIsWaitedFor() async throws {
        try await Database.withFresh { database in
            let pool = database.pool()
            defer { pool.close() }
            // A pool of its own: in the one asked, the look itself would hide what its session last ran.
            let observer = database.pool()
            defer { observer.close() }
            let hasID = Meeting(count: 2)
            let mayEnd = Meeting(count: 2)
            let id = Lock<PostgresTransactionID?>(nil)
            let running = Task {
                try await pool.withTransaction { transaction in
                    let own = try await transaction.id()
                    id.withLock { $0 = own }
                    await hasID.arrive()
                    await mayEnd.arrive()
                }
            }
            await hasID.arrive()
            let asked = try #require(id.withLock { $0 })
            async let outcome = pool.outcome(of: asked)
            try await observer.waitUntil(
                "SELECT count(*) > 0 FROM \(sql: ownBackends) AND query LIKE 'SELECT pg_xact_status%'")
            await mayEnd.arrive()
            try await running.value
            #expect(try await outcome == .committed)
        }
    }
}
