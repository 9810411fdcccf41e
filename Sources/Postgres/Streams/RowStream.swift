/// The rows of a statement, fetched in slices as they are read.
///
/// A cursor at the server holds the place, so memory holds one slice, and other statements of the transaction can run in
/// between. A slice is as many rows as fit in a byte budget, judged by those before. The server plans a cursor for its first
/// rows (`cursor_tuple_fraction`).
public struct RowStream: AsyncSequence {
    public typealias Element = Row

    let transaction: Transaction
    let sql: SQL
    let byteCountMax: Int

    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(transaction: transaction, sql: sql, slices: SliceSize(byteCountMax: byteCountMax))
    }

    /// Reads one slice after another; closes the cursor when it is dropped early.
    public struct AsyncIterator: AsyncIteratorProtocol {
        private let transaction: Transaction
        private let sql: SQL
        private var slices: SliceSize
        private var cursor: OpenCursor?
        private var rows: Rows?
        private var index = 0
        private var isOver = false

        init(transaction: Transaction, sql: SQL, slices: SliceSize) {
            self.transaction = transaction
            self.sql = sql
            self.slices = slices
        }

        public mutating func next() async throws(PostgresError) -> Row? {
            while true {
                if let rows, index < rows.count {
                    defer { index += 1 }
                    return rows[index]
                }
                if isOver { return nil }
                try await fetch()
            }
        }

        private mutating func fetch() async throws(PostgresError) {
            let cursor = try await openCursor()
            // The slice that has been read is let go before the next one comes.
            rows = nil
            let slice = try await transaction.query("FETCH FORWARD \(sql: slices.count) FROM \(sql: cursor.name)")
            index = 0
            if slice.count < slices.rowCount {
                isOver = true
                cursor.close()
            }
            slices.note(rowCount: slice.count, byteCount: slice.byteCount)
            rows = slice
        }

        private mutating func openCursor() async throws(PostgresError) -> OpenCursor {
            if let cursor { return cursor }
            let opened = try OpenCursor(in: transaction)
            try await transaction.query("DECLARE \(sql: opened.name) NO SCROLL CURSOR FOR \(sql: sql)")
            cursor = opened
            return opened
        }
    }
}

extension Transaction {
    /// Reads the rows of a statement in slices, so that a result of any size needs little memory.
    ///
    /// - Parameter sliceByteCount: how many bytes of rows to fetch at once, at least one row.
    public func stream(_ sql: SQL, sliceByteCount: Int = 256 * 1024) -> RowStream {
        RowStream(transaction: self, sql: sql, byteCountMax: sliceByteCount)
    }
}

extension Rows {
    /// The memory the result takes.
    var byteCount: Int { storage.handle.byteCount }
}
