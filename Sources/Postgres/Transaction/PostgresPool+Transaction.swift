extension PostgresPool {
    /// Runs `body` in a transaction on a connection of its own: commits when it returns, rolls back when it throws.
    ///
    /// After a serialization failure, a deadlock or a stale statement `body` runs again, so it must leave nothing behind
    /// but what it does through the transaction.
    ///
    /// - Parameters:
    ///   - tracksOutcome: asks for the transaction's id at its beginning, so that ``outcome(of:)`` can tell what became of it
    ///     when the connection breaks during COMMIT. Turn it off where you can find out otherwise.
    ///   - timeout: for getting a connection, in place of the configured one.
    /// - Throws: what `body` throws; ``PostgresError/Code/unknownOutcome`` when the connection broke during COMMIT.
    @discardableResult
    public func withTransaction<Value>(
        isolation: IsolationLevel = .readCommitted, readOnly: Bool = false, deferrable: Bool = false,
        tracksOutcome: Bool = true, retry: RetryPolicy = .standard, timeout: Duration? = nil,
        _ body: (Transaction) async throws -> Value
    ) async throws -> Value {
        let options = TransactionOptions(
            isolation: isolation, isReadOnly: readOnly, isDeferrable: deferrable, tracksOutcome: tracksOutcome)
        var attempt = 1
        while true {
            let session = try await acquire(timeout: timeout)
            do {
                let value = try await session.transact(options, body)
                giveBack(session, isSound: true)
                return value
            } catch let failure as TransactionFailure {
                giveBack(session, isSound: true)
                let jitter = Double.random(in: 0..<1)
                guard failure.mayRepeat, let pause = retry.pause(afterAttempt: attempt, jitter: jitter) else {
                    throw failure.error
                }
                metricsRecorder.retries.add(1)
                try await Task.sleep(for: pause)
                attempt += 1
            }
        }
    }

    /// Lends a connection. Its session state is reset when it comes back: settings, locks, cursors, `LISTEN`.
    @discardableResult
    public func withConnection<Value>(
        timeout: Duration? = nil, _ body: (PostgresConnection) async throws -> Value
    ) async throws -> Value {
        let session = try await acquire(timeout: timeout)
        let lease = ConnectionLease()
        defer {
            lease.end()
            Task { await self.reset(session) }
        }
        return try await body(PostgresConnection(session: session, lease: lease))
    }

    private func reset(_ session: Session) async {
        let isClean = await session.reset()
        giveBack(session, isSound: isClean)
    }
}

extension PostgresPool: PostgresQueryable {
    /// Runs a statement in a transaction of its own.
    ///
    /// - Throws: ``PostgresError/Code/unknownOutcome`` when the connection broke while it ran.
    @discardableResult
    public func query(_ sql: SQL, timeout: Duration?) async throws(PostgresError) -> Rows {
        let session = try await acquire(timeout: nil)
        do throws(PostgresError) {
            let storage = try await session.run(sql, .autocommit, timeout: timeout)
            giveBack(session, isSound: true)
            return Rows(storage)
        } catch {
            await giveBackAfterFailure(session)
            throw error
        }
    }

    /// Runs statements that travel together, each in a transaction of its own.
    public func results(of statements: [SQL]) async -> [Result<Rows, PostgresError>] {
        let session: Session
        do throws(PostgresError) {
            session = try await acquire(timeout: nil)
        } catch {
            return statements.map { _ in .failure(error) }
        }
        let outcomes = await session.run(statements, .autocommit)
        await giveBackAfterFailure(session)
        return zip(statements, outcomes).map { $1.rows($0) }
    }

    /// A request to stop a statement may still be on its way, and must not hit the next one.
    private func giveBackAfterFailure(_ session: Session) async {
        let isSettled: Bool
        do throws(PostgresError) {
            if session.needsSettling { try await session.settle() }
            isSettled = true
        } catch {
            isSettled = false
        }
        giveBack(session, isSound: isSettled)
    }
}
