/// What statements can be run on: a pool, a connection, a transaction.
///
/// Stores take `some PostgresQueryable`, so that the same SQL serves alone and inside of a larger transaction.
public protocol PostgresQueryable: Sendable {
    /// Runs a statement and returns its rows.
    ///
    /// - Parameter timeout: for this statement, in place of the configured one.
    @discardableResult
    func query(_ sql: SQL, timeout: Duration?) async throws(PostgresError) -> Rows

    /// Runs statements that travel together, and returns what became of each, in order.
    func results(of statements: [SQL]) async -> [Result<Rows, PostgresError>]
}

extension PostgresQueryable {
    /// Runs a statement and returns its rows.
    @discardableResult
    public func query(_ sql: SQL) async throws(PostgresError) -> Rows {
        try await query(sql, timeout: nil)
    }

    /// Runs a statement.
    ///
    /// - Returns: how many rows it inserted, changed or deleted.
    @discardableResult
    public func execute(_ sql: SQL, timeout: Duration? = nil) async throws(PostgresError) -> Int {
        try await query(sql, timeout: timeout).affectedCount
    }

    /// Runs statements that travel together.
    ///
    /// - Throws: the first failure, when all have been answered.
    @discardableResult
    public func query(_ statements: [SQL]) async throws(PostgresError) -> [Rows] {
        var rows: [Rows] = []
        rows.reserveCapacity(statements.count)
        for result in await results(of: statements) { rows.append(try result.get()) }
        return rows
    }
}

extension Outcome {
    /// The outcome of a statement as its caller sees it.
    func rows(_ sql: SQL) -> Result<Rows, PostgresError> {
        switch self {
        case .success(let storage): .success(Rows(storage))
        case .failure(let error): .failure(error.inStatement(sql.text))
        case .synchronised: preconditionFailure("a statement was settled without a result")
        }
    }
}
