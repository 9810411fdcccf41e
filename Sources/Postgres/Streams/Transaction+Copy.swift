extension Transaction {
    /// Moves rows to the server by COPY, the fastest way for many.
    ///
    /// ```swift
    /// try await transaction.copyIn("COPY outbox (id, body) FROM STDIN (FORMAT binary)") { writer in
    ///     for message in messages { try await writer.write(message.id, message.body) }
    /// }
    /// ```
    ///
    /// Statements of other tasks wait until it is over. If `body` throws, the server refuses what it got, and the
    /// transaction is aborted.
    ///
    /// - Returns: how many rows were taken.
    @discardableResult
    public func copyIn(_ sql: SQL, _ body: (inout CopyWriter) async throws -> Void) async throws -> Int {
        try await session.startCopy(sql, scope, isToServer: true)
        var writer = CopyWriter(session: session)
        do {
            try await body(&writer)
        } catch {
            await refuseCopy(
                isFinished: writer.isFinished, because: error as? PostgresError ?? PostgresError(.cancelled))
            throw error
        }
        do throws(PostgresError) {
            let rowCount = try await writer.finish()
            await session.endCopy(scope, failure: nil)
            return rowCount
        } catch {
            await refuseCopy(isFinished: writer.isFinished, because: error)
            throw error.inStatement(sql.text)
        }
    }

    /// Moves rows from the server by COPY in chunks, in the format the statement names.
    ///
    /// What `body` leaves unread is thrown away, and aborts the transaction.
    public func copyOut<Value>(_ sql: SQL, _ body: (CopyChunks) async throws -> Value) async throws -> Value {
        try await session.startCopy(sql, scope, isToServer: false)
        let end = CopyEnd()
        let value: Value
        do {
            value = try await body(CopyChunks(session: session, end: end))
        } catch {
            await stopCopy(end, because: error as? PostgresError)
            throw error
        }
        await stopCopy(end, because: nil)
        return value
    }

    /// Moves rows from the server by COPY; the statement must say `(FORMAT binary)`.
    public func copyOutRows<Value>(_ sql: SQL, _ body: (CopyRows) async throws -> Value) async throws -> Value {
        try await copyOut(sql) { chunks in try await body(CopyRows(chunks: chunks)) }
    }

    /// Has the server throw away what it got, so that the connection can be used again.
    private func refuseCopy(isFinished: Bool, because error: PostgresError) async {
        do throws(PostgresError) {
            if !isFinished { _ = try await session.finishCopy(refusing: "the client gave up") }
        } catch {
            // The refusal itself is answered with an error.
        }
        await session.endCopy(scope, failure: error)
    }

    private func stopCopy(_ end: CopyEnd, because error: PostgresError?) async {
        if end.isReached { return await session.endCopy(scope, failure: error) }
        do throws(PostgresError) {
            try await session.abandonCopy()
            await session.endCopy(scope, failure: error)
        } catch let stopped {
            await session.endCopy(scope, failure: error ?? stopped)
        }
    }
}
