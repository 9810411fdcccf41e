/// An open transaction, to be used inside the closure that received it.
///
/// It may be shared by concurrent child tasks: what they send between two waits travels together and is answered in one
/// round trip. `BEGIN` leaves with the first statement. A failure of any statement, and the cancellation of any task while
/// its statement runs, aborts the transaction for all of them.
public struct Transaction: PostgresQueryable {
    let session: Session
    let generation: Int
    private let depth: Int

    init(session: Session, generation: Int, depth: Int = 0) {
        self.session = session
        self.generation = generation
        self.depth = depth
    }

    var scope: Scope { .transaction(generation: generation, depth: depth) }

    @discardableResult
    public func query(_ sql: SQL, timeout: Duration?) async throws(PostgresError) -> Rows {
        Rows(try await session.run(sql, scope, timeout: timeout))
    }

    public func results(of statements: [SQL]) async -> [Result<Rows, PostgresError>] {
        let outcomes = await session.run(statements, scope)
        return zip(statements, outcomes).map { $1.rows($0) }
    }

    /// Adds a statement whose result nobody needs: it travels with the next one or with COMMIT, and its failure spoils the
    /// transaction.
    public func enqueue(_ sql: SQL) throws(PostgresError) {
        try session.enqueue(sql, scope)
    }

    /// The server's number for the transaction; asking for it assigns one.
    public func id() async throws(PostgresError) -> PostgresTransactionID {
        try await query("SELECT pg_current_xact_id()", timeout: nil).only().decode(at: 0)
    }
}

// MARK: Savepoints

extension Transaction {
    /// Runs `body` inside of a savepoint: if it throws, what it did is undone and the transaction goes on.
    ///
    /// While the savepoint is open only the value handed to `body` may be used. The cancellation of a task still aborts the
    /// whole transaction.
    @discardableResult
    public func withSavepoint<Value>(_ body: (Transaction) async throws -> Value) async throws -> Value {
        try await query("SAVEPOINT skald", timeout: nil)
        let inner = session.openSavepoint()
        let transaction = Transaction(session: session, generation: generation, depth: inner)
        do {
            let value = try await body(transaction)
            if let failure = session.failure(generation) { throw PostgresError(.transactionAborted, cause: failure) }
            try await transaction.query("RELEASE SAVEPOINT skald", timeout: nil)
            session.leaveSavepoint(depth: inner, rolledBack: false)
            return value
        } catch {
            try await session.rollbackToSavepoint(depth: inner)
            throw error
        }
    }
}
