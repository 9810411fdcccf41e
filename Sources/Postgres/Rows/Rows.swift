/// The rows of one statement, all of them in memory.
///
/// Cells are read where libpq put them; nothing is copied until a row is decoded.
public struct Rows: Sendable, RandomAccessCollection {
    let storage: ResultStorage

    init(_ storage: ResultStorage) {
        self.storage = storage
    }

    public var startIndex: Int { 0 }
    public var endIndex: Int { storage.handle.rowCount }

    public subscript(position: Int) -> Row {
        precondition(position >= 0 && position < endIndex, "row \(position) of \(endIndex)")
        return Row(storage: storage, index: position)
    }

    /// How many rows the statement inserted, changed, deleted or returned.
    public var affectedCount: Int { storage.handle.affectedCount }

    /// The only row there is.
    ///
    /// - Throws: ``PostgresError/Code/unexpectedRowCount`` when there is none or more than one.
    public func only() throws(PostgresError) -> Row {
        guard count == 1 else {
            throw PostgresError(.unexpectedRowCount, note: "one row was expected, \(count) came")
        }
        return self[0]
    }

    /// The only row there is, or nil when there is none.
    ///
    /// - Throws: ``PostgresError/Code/unexpectedRowCount`` when there is more than one.
    public func atMostOne() throws(PostgresError) -> Row? {
        isEmpty ? nil : try only()
    }

    /// The answer of `SELECT pg_current_xact_id()`.
    var transactionID: PostgresTransactionID? {
        isEmpty ? nil : try? self[0].decode(PostgresTransactionID.self, at: 0)
    }
}
