import LocalServers
import Postgres
import Telemetry
import Testing

@Suite struct PostgresTransactionTests {
    private func withItems<Result>(_ body: (PostgresPool) async throws -> Result) async throws -> Result {
        try await Database.withPool { pool in
            try await pool.execute("CREATE TABLE item (id bigint PRIMARY KEY, amount bigint NOT NULL DEFAULT 0)")
            try await pool.execute("INSERT INTO item VALUES (1, 10), (2, 20)")
            return try await body(pool)
        }
    }

    private func amounts(_ pool: PostgresPool) async throws -> [Int] {
        var amounts: [Int] = []
        for row in try await pool.query("SELECT amount FROM item ORDER BY id") {
            amounts.append(try row.decode(Int.self, at: 0))
        }
        return amounts
    }

    struct Unrelated: Error {}

    /// What nobody waits for is held back as well once enough is under way, and stands in front of COMMIT all the same.
    @Test(arguments: [
        (countMax: 1, byteCountMax: 1 << 20), (countMax: 2, byteCountMax: 1 << 20), (countMax: 99, byteCountMax: 20),
    ])
    func whatIsHeldBackIsCommittedOrNothingIs(countMax: Int, byteCountMax: Int) async throws {
        try await Database.withPool {
            $0.limits.statementCountInFlightMax = countMax
            $0.limits.byteCountInFlightMax = byteCountMax
        } _: { pool in
            try await pool.execute("CREATE TABLE item (id bigint PRIMARY KEY)")
            try await pool.withTransaction { transaction in
                for id in 0..<50 { try transaction.enqueue("INSERT INTO item VALUES (\(Int64(id)))") }
            }
            #expect(try await pool.query("SELECT count(*) FROM item").only().decode(Int.self, at: 0) == 50)

            for duplicate in [0, 1, 25, 49] {
                let error = try await postgresError {
                    try await pool.withTransaction { transaction in
                        for id in 0..<50 {
                            let id = Int64(id == duplicate ? 0 : id + 100)
                            try transaction.enqueue("INSERT INTO item VALUES (\(id))")
                        }
                    }
                }
                #expect((error.cause ?? error).code == .uniqueViolation)
            }
            await #expect(throws: Unrelated.self) {
                try await pool.withTransaction { transaction in
                    for id in 200..<250 { try transaction.enqueue("INSERT INTO item VALUES (\(Int64(id)))") }
                    throw Unrelated()
                }
            }
            #expect(try await pool.query("SELECT count(*) FROM item").only().decode(Int.self, at: 0) == 50)
        }
    }

    @Test func whatThrowsIsRolledBack() async throws {
        try await withItems { pool in
            await #expect(throws: Unrelated.self) {
                try await pool.withTransaction { transaction in
                    try await transaction.execute("UPDATE item SET amount = 0")
                    throw Unrelated()
                }
            }
            let after = try await amounts(pool)
            #expect(after == [10, 20])
            #expect(pool.metrics.rollbackCount == 1)
        }
    }

    @Test(arguments: IsolationLevel.allCases)
    func isolationIsWhatWasAskedFor(_ isolation: IsolationLevel) async throws {
        try await withItems { pool in
            for (readOnly, deferrable) in [(false, false), (true, false), (true, true)] {
                let settings = try await pool.withTransaction(
                    isolation: isolation, readOnly: readOnly, deferrable: deferrable
                ) { transaction in
                    try await transaction.query(
                        """
                        SELECT current_setting('transaction_isolation'), current_setting('transaction_read_only'),
                            current_setting('transaction_deferrable')
                        """
                    ).only().decode(String.self, String.self, String.self)
                }
                let name = ["readCommitted": "read committed", "repeatableRead": "repeatable read"]["\(isolation)"]
                #expect(settings.0 == name ?? "serializable")
                #expect(settings.1 == (readOnly ? "on" : "off"))
                #expect(settings.2 == (deferrable && isolation == .serializable ? "on" : "off"))
            }
            let error = try await postgresError {
                _ = try await pool.withTransaction(readOnly: true) { try await $0.execute("DELETE FROM item") }
            }
            #expect(error.sqlState == "25006")
        }
    }

    @Test func aTransactionWithoutStatementsNeverReachesTheServer() async throws {
        try await withItems { pool in
            let before = pool.metrics
            let value = try await pool.withTransaction { _ in 7 }
            #expect(value == 7)
            #expect(pool.metrics.synchronisationCount == before.synchronisationCount)
        }
    }

    @Test func aFailureAbortsTheTransactionForAllItsTasks() async throws {
        try await withItems { pool in
            let error = try await postgresError {
                try await pool.withTransaction { transaction in
                    _ = try? await transaction.execute("INSERT INTO item VALUES (1)")
                    let refused = try await postgresError {
                        try await transaction.execute("UPDATE item SET amount = 1")
                    }
                    #expect(refused.code == .transactionAborted)
                    #expect(refused.cause?.code == .uniqueViolation)
                }
            }
            #expect(error.code == .transactionAborted)
            #expect(error.cause?.code == .uniqueViolation)
            #expect(try await amounts(pool) == [10, 20])
        }
    }

    @Test func aSavepointUndoesOnlyWhatIsInside() async throws {
        try await withItems { pool in
            try await pool.withTransaction { transaction in
                try await transaction.execute("UPDATE item SET amount = 11 WHERE id = 1")
                let error = try await postgresError {
                    try await transaction.withSavepoint { inner in
                        try await inner.execute("UPDATE item SET amount = 99")
                        try await inner.withSavepoint {
                            try await $0.execute("UPDATE item SET amount = 77 WHERE id = 2")
                        }
                        try await inner.execute("INSERT INTO item VALUES (1)")
                    }
                }
                #expect(error.code == .uniqueViolation)
                try await transaction.withSavepoint { inner in
                    try await inner.execute("UPDATE item SET amount = 21 WHERE id = 2")
                }
            }
            #expect(try await amounts(pool) == [11, 21])
        }
    }

    @Test func anInnerFailureHealsAtTheSavepointAroundIt() async throws {
        try await withItems { pool in
            try await pool.withTransaction { transaction in
                try await transaction.withSavepoint { outer in
                    try await outer.execute("UPDATE item SET amount = 5 WHERE id = 1")
                    await #expect(throws: PostgresError.self) {
                        try await outer.withSavepoint { try await $0.execute("SELECT nonsense") }
                    }
                    try await outer.execute("UPDATE item SET amount = 6 WHERE id = 2")
                }
            }
            #expect(try await amounts(pool) == [5, 6])
        }
    }

    @Test func theOuterTransactionIsRefusedWhileASavepointIsOpen() async throws {
        try await withItems { pool in
            try await pool.withTransaction { transaction in
                try await transaction.withSavepoint { _ in
                    let error = try await postgresError { try await transaction.query("SELECT 1") }
                    #expect(error.code == .misuse)
                }
                try await transaction.query("SELECT 1")
            }
        }
    }

    @Test func aTransactionIsClosedOutsideOfItsClosure() async throws {
        try await withItems { pool in
            let kept = try await pool.withTransaction { transaction in
                try await transaction.query("SELECT 1")
                return transaction
            }
            let error = try await postgresError { try await kept.query("SELECT 1") }
            #expect(error.code == .transactionClosed)
            let connection = try await pool.withConnection { $0 }
            let later = try await postgresError { try await connection.query("SELECT 1") }
            #expect(later.code == .transactionClosed)
        }
    }

    /// Two transactions lock the same rows in opposite order; the server ends one, and it is done again.
    @Test func aDeadlockIsRetried() async throws {
        try await withItems { pool in
            let meeting = Meeting(count: 2)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (first, second) in [(1, 2), (2, 1)] {
                    group.addTask {
                        try await pool.withTransaction { transaction in
                            try await transaction.execute("UPDATE item SET amount = amount + 1 WHERE id = \(first)")
                            await meeting.arrive()
                            try await transaction.execute("UPDATE item SET amount = amount + 1 WHERE id = \(second)")
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await amounts(pool) == [12, 22])
            #expect(pool.metrics.retryCount >= 1)
        }
    }

    @Test func aSerializationFailureIsRetried() async throws {
        try await withItems { pool in
            let meeting = Meeting(count: 2)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<2 {
                    group.addTask {
                        try await pool.withTransaction(isolation: .serializable) { transaction in
                            let sum = try await transaction.query("SELECT sum(amount)::bigint FROM item").only()
                            await meeting.arrive()
                            try await transaction.execute("UPDATE item SET amount = \(sum.decode(Int.self, at: 0))")
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await amounts(pool) == [60, 60])
            #expect(pool.metrics.retryCount >= 1)
        }
    }

    @Test func retriesAreBounded() async throws {
        try await withItems { pool in
            let policy = RetryPolicy(attemptCountMax: 3, pauseMin: .milliseconds(1), pauseMax: .milliseconds(1))
            let attempts = Lock(0)
            let error = try await postgresError {
                try await pool.withTransaction(retry: policy) { transaction in
                    attempts.withLock { $0 += 1 }
                    try await transaction.query("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$")
                }
            }
            #expect(error.code == .serializationFailure)
            #expect(error.isRetriable)
            #expect(attempts.withLock { $0 } == 3)
        }
    }

    @Test func aLockThatIsNotFreeInTimeIsReported() async throws {
        try await Database.withPool {
            $0.timeouts.lock = .milliseconds(100)
        } _: { pool in
            try await pool.execute("CREATE TABLE item (id bigint)")
            try await pool.withTransaction { transaction in
                try await transaction.execute("LOCK TABLE item")
                let error = try await postgresError { try await pool.query("SELECT id FROM item") }
                #expect(error.code == .lockTimeout)
                #expect(error.group == .resource)
                #expect(error.isRetriable)
            }
        }
    }

    @Test func errorsSayWhoHasToActAndQuoteNothing() async throws {
        try await Database.withPool { pool in
            try await pool.execute("CREATE TABLE secret (id bigint PRIMARY KEY, code text CHECK (code <> 'hunter2'))")
            let error = try await postgresError {
                try await pool.execute("INSERT INTO secret VALUES (\(1), \("hunter2"))")
            }
            #expect(error.code == .checkViolation)
            #expect(error.group == .constraint)
            #expect(error.constraintName == "secret_code_check")
            #expect(error.tableName == "secret")
            #expect(!error.description.contains("hunter2"))
            #expect(error.debugDescription.contains("hunter2"))
            let wrong = try await postgresError { try await pool.query("SELECT \("hunter2")::bigint") }
            #expect(wrong.code == .valueRejected)
            #expect(!wrong.description.contains("hunter2"))
            #expect(wrong.debugDescription.contains("hunter2"))
        }
    }

    @Test func permissionIsAGroupOfItsOwn() async throws {
        try await Database.withFresh { database in
            let role = "role_\(database.name)"
            try await database.cluster.createRole(role, password: "x")
            let pool = database.pool(through: nil) {
                $0.user = role
                $0.password = .value("x")
                $0.host = database.cluster.host
            }
            defer { pool.close() }
            let error = try await postgresError { try await pool.query("SELECT * FROM pg_authid") }
            #expect(error.code == .permissionDenied)
            #expect(error.group == .permission)
            #expect(!error.isRetriable)
            pool.close()
        }
    }
}

/// A point where several tasks wait for each other once; later arrivals pass.
final class Meeting: Sendable {
    private struct State {
        var missing: Int
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Lock<State>

    init(count: Int) {
        state = Lock(State(missing: count))
    }

    func arrive() async {
        await withCheckedContinuation { continuation in
            let released = state.withLock { state -> [CheckedContinuation<Void, Never>] in
                state.missing -= 1
                state.waiting.append(continuation)
                guard state.missing <= 0 else { return [] }
                defer { state.waiting = [] }
                return state.waiting
            }
            for one in released { one.resume() }
        }
    }
}
