extension PostgresError {
    /// Sorts the server's report (PostgreSQL manual, appendix A).
    init(_ report: ServerReport) {
        self.init(Code(report), server: report)
    }
}

extension PostgresError.Code {
    init(_ report: ServerReport) {
        let sorted = Self.byState[report.sqlState] ?? Self.byClass(report.sqlState.prefix(2)) ?? .server
        self = report.isStalePlan ? .staleStatement : sorted
    }

    private static let byState: [String: Self] = [
        "23505": .uniqueViolation, "23503": .foreignKeyViolation, "23502": .notNullViolation,
        "23514": .checkViolation, "23P01": .exclusionViolation,
        "40001": .serializationFailure, "40P01": .deadlockDetected,
        "55P03": .lockTimeout, "57014": .statementTimeout,
        "25P02": .transactionAborted, "25P03": .connectionLost, "57P05": .connectionLost,
        "26000": .staleStatement,
        "42501": .permissionDenied, "3D000": .authenticationFailed,
        "53400": .limitExceeded,
        "57P01": .connectionLost, "57P02": .connectionLost, "57P03": .connectionFailed,
    ]

    private static func byClass(_ class: Substring) -> Self? {
        switch `class` {
        case "08": .connectionLost
        case "22": .valueRejected
        case "23": .constraintViolation
        case "28": .authenticationFailed
        case "40": .serializationFailure
        case "42": .statementInvalid
        case "53": .resourceExhausted
        case "54": .limitExceeded
        default: nil
        }
    }
}

extension ServerReport {
    /// "cached plan must not change result type": the table changed under a prepared statement.
    ///
    /// The state alone (`feature_not_supported`) says too little and the message may be translated, so the routine of the
    /// server's source that raises it is the mark.
    var isStalePlan: Bool { sqlState == "0A000" && routine == "RevalidateCachedQuery" }
}
