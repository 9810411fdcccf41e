/// How much of other transactions a transaction sees (PostgreSQL manual, section 13.2).
public enum IsolationLevel: Sendable, CaseIterable {
    case readCommitted, repeatableRead, serializable
}

/// What `BEGIN` says.
struct TransactionOptions: Hashable, Sendable {
    var isolation = IsolationLevel.readCommitted
    var isReadOnly = false
    var isDeferrable = false
    /// Whether the transaction's id is asked for, so that a lost COMMIT can be looked up.
    var tracksOutcome = true

    var begin: SQL {
        switch (isolation, isReadOnly, isDeferrable) {
        case (.readCommitted, false, _): "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
        case (.readCommitted, true, _): "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY"
        case (.repeatableRead, false, _): "BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE"
        case (.repeatableRead, true, _): "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        case (.serializable, false, false): "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE"
        case (.serializable, false, true): "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE DEFERRABLE"
        case (.serializable, true, false): "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY"
        case (.serializable, true, true): "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE"
        }
    }

    /// A read-only transaction leaves nothing behind that could be in doubt.
    var needsTransactionID: Bool { tracksOutcome && !isReadOnly }
}
