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
        core.withLock { $0.endTransaction() }
        guard result.handle.commandTag == "COMMIT" else {
            metrics.rollbacks.add(1)
            throw PostgresError(.transactionAborted, note: "the server answered COMMIT with ROLLBACK")
        }
        metrics.commits.add(1)
    }

    private func commitFailure(_ error: PostgresError) async -> PostgresError {
        switch error.code {
        case .transactionAborted:
            // A statement sent just before failed, so COMMIT was skipped and the transaction is still open.
            await rollBack()
            metrics.rollbacks.add(1)
            return error
        case .unknownOutcome, .connectionLost, .connectionFailed:
            let id = core.withLock { core in
                defer { core.endTransaction() }
                return core.transaction.transactionID
            }
            metrics.unknownOutcomes.add(1)
            if error.code == .unknownOutcome { return error }
            return PostgresError(.unknownOutcome, transactionID: id, cause: error)
        default:
            // The server refused at the last moment and has rolled back: a deferred constraint, a serialization failure.
            core.withLock { $0.endTransaction() }
            metrics.rollbacks.add(1)
            return error
        }
    }

    /// Rolls back; a connection on which that does not work is given up.
    func rollBack() async {
        do throws(PostgresError) {
            if core.withLock({ $0.needsBarrier }) { try await settle() }
            guard case .send = core.withLock({ $0.transaction.rollback() }) else { return }
            _ = try await control("ROLLBACK", .rollback)
            core.withLock { $0.endTransaction() }
        } catch {
            change { core, effects in
                core.breakOff(PostgresError(.connectionLost, note: "ROLLBACK failed", cause: error), &effects)
                core.endTransaction()
            }
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
