import Synchronization
import Telemetry

/// A connection lent by a pool, to be used inside the closure that received it.
///
/// Each statement is a transaction of its own. Statements of concurrent tasks are pipelined.
public struct PostgresConnection: PostgresQueryable {
    let session: Session
    private let lease: ConnectionLease

    init(session: Session, lease: ConnectionLease) {
        self.session = session
        self.lease = lease
    }

    /// The server process behind the connection, as `pg_stat_activity` shows it.
    public var processID: Int32 {
        session.core.withLock { $0.handle.processID }
    }

    @discardableResult
    public func query(_ sql: SQL, timeout: Duration?) async throws(PostgresError) -> Rows {
        try lease.check()
        return Rows(try await session.run(sql, .autocommit, timeout: timeout))
    }

    public func results(of statements: [SQL]) async -> [Result<Rows, PostgresError>] {
        do throws(PostgresError) {
            try lease.check()
        } catch {
            return statements.map { _ in .failure(error) }
        }
        let outcomes = await session.run(statements, .autocommit)
        return zip(statements, outcomes).map { $1.rows($0) }
    }

    /// Runs `body` in a transaction on this connection. One at a time; it is not repeated.
    @discardableResult
    public func withTransaction<Value>(
        isolation: IsolationLevel = .readCommitted, readOnly: Bool = false, deferrable: Bool = false,
        tracksOutcome: Bool = true, _ body: (Transaction) async throws -> Value
    ) async throws -> Value {
        try lease.check()
        let options = TransactionOptions(
            isolation: isolation, isReadOnly: readOnly, isDeferrable: deferrable, tracksOutcome: tracksOutcome)
        do {
            return try await session.transact(options, body)
        } catch let failure as TransactionFailure {
            throw failure.error
        }
    }
}

/// Whether a connection is still lent to the closure that got it.
final class ConnectionLease: Sendable {
    private let isOver = Atomic<Bool>(false)

    func end() { isOver.store(true, ordering: .releasing) }

    func check() throws(PostgresError) {
        guard isOver.load(ordering: .acquiring) else { return }
        throw PostgresError(
            .transactionClosed, note: "the connection has been given back; use it only inside its closure")
    }
}

extension Session {
    /// A cancel request may be under way.
    var needsSettling: Bool { core.withLock { $0.needsBarrier } }

    /// Undoes what a borrower may have left in the session.
    ///
    /// - Returns: whether the connection is as good as new.
    func reset() async -> Bool {
        let outcomes = await run(
            ["SELECT pg_advisory_unlock_all()", "RESET ALL", "UNLISTEN *", "CLOSE ALL"], .autocommit)
        for outcome in outcomes { if case .failure = outcome { return false } }
        do throws(PostgresError) {
            try await settle()
        } catch {
            return false
        }
        return core.withLock { $0.handle.isIdleOutsideTransaction }
    }
}
