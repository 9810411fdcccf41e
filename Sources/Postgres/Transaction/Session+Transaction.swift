import Telemetry

extension Session {
    /// Runs `body` in a transaction: commits when it returns, rolls back when it throws.
    func transact<Value>(
        _ options: TransactionOptions, _ body: (Transaction) async throws -> Value
    ) async throws -> Value {
        let generation = core.withLock { $0.transaction.begin(options) }
        let value: Value
        do {
            value = try await body(Transaction(session: self, generation: generation))
        } catch {
            let failure = failure(generation)
            await rollBack()
            metrics.rollbacks.add(1)
            throw TransactionFailure(error: error, failure: failure)
        }
        do throws(PostgresError) {
            try await commit(options)
        } catch {
            throw TransactionFailure(error: error, failure: error.cause ?? error)
        }
        return value
    }

    /// Why the transaction cannot go on, if it cannot.
    func failure(_ generation: Int) -> PostgresError? {
        core.withLock { $0.transaction.failure(generation: generation) }
    }

    private func commit(_ options: TransactionOptions) async throws(PostgresError) {
        // The id has to be known before COMMIT leaves, or an unknown outcome could not be looked up.
        if options.needsTransactionID, core.withLock({ $0.isTransactionIDOutstanding }) { try await settle() }
        switch core.withLock({ $0.transaction.commit() }) {
        case .nothingToDo: return
        case .rollback(let cause):
            await rollBack()
            metrics.rollbacks.add(1)
            throw PostgresError(.transactionAborted, cause: cause)
        case .send: try await sendCommit()
        }
    }

    private func sendCommit() async throws(PostgresError) {
        let result: ResultStorage
        do throws(PostgresError) {
            result = try await control("COMMIT", .commit)
        } catch {
            throw await commitFailure(error)
        }
        let failure = core.withLock { core in
            defer { core.endTransaction() }
            return core.transaction.firstFailure
        }
        guard result.handle.commandTag == "COMMIT" else {
            metrics.rollbacks.add(1)
            throw PostgresError(.transactionAborted, note: "the server answered COMMIT with ROLLBACK", cause: failure)
        }
        metrics.commits.add(1)
    }

    private func commitFailure(_ error: PostgresError) async -> PostgresError {
        switch error.code {
        case .unknownOutcome, .connectionLost, .connectionFailed:
            let id = core.withLock { core in
                defer { core.endTransaction() }
                return core.transaction.transactionID
            }
            metrics.unknownOutcomes.add(1)
            if error.code == .unknownOutcome { return error }
            return PostgresError(.unknownOutcome, transactionID: id, cause: error)
        default:
            // Either COMMIT was skipped because of a failure right before it and the transaction is still open, or the
            // server refused at the last moment and has rolled back: a deferred constraint, a serialization failure.
            if await isOutsideTransaction() {
                core.withLock { $0.endTransaction() }
            } else {
                await rollBack()
            }
            metrics.rollbacks.add(1)
            // COMMIT may have been skipped because of one that was itself only refused behind the first failure.
            guard error.code == .transactionAborted, let first = core.withLock({ $0.transaction.firstFailure }) else {
                return error
            }
            return PostgresError(.transactionAborted, cause: first)
        }
    }

    /// Whether the server has no transaction open; the answer is sure only behind a synchronisation point.
    private func isOutsideTransaction() async -> Bool {
        do throws(PostgresError) {
            try await settle()
            return core.withLock { $0.handle.isIdleOutsideTransaction }
        } catch {
            return false
        }
    }

    /// Rolls back; a connection on which that does not work is given up.
    func rollBack() async {
        do throws(PostgresError) {
            if core.withLock({ $0.needsBarrier }) { try await settle() }
            guard case .send = core.withLock({ $0.transaction.rollback() }) else { return }
            try await sendRollback()
            core.withLock { $0.endTransaction() }
        } catch {
            change { core, effects in
                core.breakOff(PostgresError(.connectionLost, note: "ROLLBACK failed", cause: error), &effects)
                core.endTransaction()
            }
        }
    }

    private func sendRollback() async throws(PostgresError) {
        do throws(PostgresError) {
            _ = try await control("ROLLBACK", .rollback)
        } catch  where error.code == .staleStatement {
            // The preparation was gone and is forgotten now.
            _ = try await control("ROLLBACK", .rollback)
        }
    }
}

/// How a transaction ended: what to tell, and what was behind it.
struct TransactionFailure: Error {
    let error: any Error
    let failure: PostgresError?

    /// Whether the same transaction may succeed at once.
    var mayRepeat: Bool {
        let cause = failure ?? error as? PostgresError
        guard let code = (cause?.code == .transactionAborted ? cause?.cause : cause)?.code else { return false }
        return code == .serializationFailure || code == .deadlockDetected || code == .staleStatement
    }
}

extension SessionCore {
    /// BEGIN has been sent with the question for the id, and the answer has not come.
    var isTransactionIDOutstanding: Bool {
        if case .open = transaction.state { transaction.transactionID == nil } else { false }
    }

    mutating func endTransaction() {
        transaction.ended()
        forgetIssuers()
        cursorNames = 0
    }
}

// MARK: Cursors

extension Session {
    /// Takes the number of a cursor that is not open.
    func takeCursorName() -> Int? {
        core.withLock { core in
            let number = (~core.cursorNames).trailingZeroBitCount
            guard number < OpenCursor.countMax else { return nil }
            core.cursorNames |= 1 << number
            return number
        }
    }

    /// - Returns: whether the cursor was open and its transaction still is.
    func giveBackCursorName(_ number: Int, generation: Int) -> Bool {
        core.withLock { core in
            guard core.transaction.generation == generation else { return false }
            defer { core.cursorNames &= ~(1 << number) }
            return core.cursorNames & (1 << number) != 0
        }
    }
}

// MARK: Savepoints

extension Session {
    func openSavepoint() -> Int {
        core.withLock { $0.transaction.openedSavepoint() }
    }

    func leaveSavepoint(depth: Int, rolledBack: Bool) {
        core.withLock { $0.transaction.leftSavepoint(depth: depth, rolledBack: rolledBack) }
    }

    /// Goes back to where the savepoint was opened, healing a failure inside of it.
    func rollbackToSavepoint(depth: Int) async throws(PostgresError) {
        _ = try await control("ROLLBACK TO SAVEPOINT skald", .rollback)
        _ = try await control("RELEASE SAVEPOINT skald", .rollback)
        leaveSavepoint(depth: depth, rolledBack: true)
    }
}
