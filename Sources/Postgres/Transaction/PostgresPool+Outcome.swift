import Reactor

/// What became of a transaction.
public enum TransactionOutcome: String, Sendable {
    case committed
    case aborted
    case inProgress = "in progress"
}

extension PostgresPool {
    /// Asks what became of a transaction whose COMMIT was not answered (`pg_xact_status`).
    ///
    /// A connection that broke may leave its transaction running for a while; this waits until it is over.
    ///
    /// - Parameter id: from ``PostgresError/transactionID``.
    /// - Returns: nil when the server has forgotten, which takes many millions of transactions.
    public func outcome(of id: PostgresTransactionID) async throws -> TransactionOutcome? {
        let backoff = Backoff(min: .milliseconds(10), max: .seconds(1))
        let deadline = MonotonicTime.now() + configuration.timeouts.statement
        var attempt = 1
        while true {
            let row = try await query("SELECT pg_xact_status(\(id))").only()
            let outcome = try row.decode(String?.self, at: 0).flatMap(TransactionOutcome.init)
            guard outcome == .inProgress, MonotonicTime.now() < deadline else { return outcome }
            try await Task.sleep(for: backoff.pause(afterAttempt: attempt, jitter: 0.5))
            attempt += 1
        }
    }
}
