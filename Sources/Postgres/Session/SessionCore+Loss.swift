extension SessionCore {
    /// Takes note that the connection is gone: everybody who waits is told.
    mutating func lose(_ effects: inout Effects) {
        if breakage == nil {
            let report =
                lastReport() ?? ServerReport(sqlState: "08006", severity: "FATAL", message: handle.errorMessage)
            breakage = PostgresError(.connectionLost, server: report)
        }
        abandon(&effects)
    }

    /// Gives the connection up, for example because a deadline passed.
    mutating func breakOff(_ error: PostgresError, _ effects: inout Effects) {
        if breakage == nil { breakage = error }
        abandon(&effects)
    }

    /// The server's parting words, for example that it is shutting down.
    private mutating func lastReport() -> ServerReport? {
        guard !pipeline.isEmpty, !handle.isBusy, let result = handle.nextResult() else { return nil }
        let report = ServerReport(result)
        return report.sqlState.isEmpty ? nil : report
    }

    mutating func abandon(_ effects: inout Effects) {
        guard let breakage else { preconditionFailure("a connection is abandoned only for a reason") }
        if isAbandoned { return }
        isAbandoned = true
        handle.shutDown()
        effects.tell(.lost(breakage), listen)
        for reply in pipeline.abandon() { effects.settle(reply, .failure(lossError(for: reply, breakage))) }
        for statement in held.removeAll() { effects.settle(statement.reply, .failure(breakage)) }
        if let waiter = copyWaiter.take() { effects.wake(waiter) }
        isDirty = false
        isFlushPromised = false
    }

    /// A statement that may have run by itself, and a COMMIT, are in doubt; within a transaction nothing is.
    private func lossError(for reply: Reply, _ breakage: PostgresError) -> PostgresError {
        switch reply.scope {
        case .autocommit: PostgresError(.unknownOutcome, cause: breakage)
        case .control(.commit):
            PostgresError(
                .unknownOutcome, note: Self.commitNote, transactionID: transaction.transactionID, cause: breakage)
        case .transaction, .control: reply.interruptionError ?? breakage
        }
    }

    private static let commitNote = "the connection broke during COMMIT; ask outcome(of:) whether it happened"
}
