extension PostgresError {
    /// The kind of a failure; new ones may come, so a switch over codes needs a default.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Kind: String {
            case connectionFailed, connectionLost, authenticationFailed
            case poolTimeout, poolClosed, cancelled, deadlineExceeded
            case unknownOutcome, transactionAborted, transactionClosed, staleStatement
            case uniqueViolation, foreignKeyViolation, notNullViolation, checkViolation, exclusionViolation
            case constraintViolation
            case serializationFailure, deadlockDetected, lockTimeout, statementTimeout
            case permissionDenied, resourceExhausted, limitExceeded
            case statementInvalid, valueRejected, valueRefused, decodingFailed, unexpectedRowCount
            case migrationRefused, misuse, server
        }

        private let kind: Kind

        /// No connection could be made: refused, unreachable, or the server is starting or stopping.
        public static let connectionFailed = Code(kind: .connectionFailed)
        /// The connection broke; the transaction on it has not been committed.
        public static let connectionLost = Code(kind: .connectionLost)
        /// The server refuses this user, password or database.
        public static let authenticationFailed = Code(kind: .authenticationFailed)
        /// No connection became free in time.
        public static let poolTimeout = Code(kind: .poolTimeout)
        /// The pool is shut down.
        public static let poolClosed = Code(kind: .poolClosed)
        /// The task was cancelled.
        public static let cancelled = Code(kind: .cancelled)
        /// No answer came before the deadline.
        public static let deadlineExceeded = Code(kind: .deadlineExceeded)
        /// The connection broke when COMMIT, or a statement outside of a transaction, was under way: it may have happened.
        public static let unknownOutcome = Code(kind: .unknownOutcome)
        /// An earlier failure, the cause, spoilt the transaction or the pipeline this statement was in.
        public static let transactionAborted = Code(kind: .transactionAborted)
        /// The transaction, savepoint or connection has been given back already.
        public static let transactionClosed = Code(kind: .transactionClosed)
        /// A prepared statement no longer fits its tables; it is prepared afresh when the transaction is done again.
        public static let staleStatement = Code(kind: .staleStatement)
        public static let uniqueViolation = Code(kind: .uniqueViolation)
        public static let foreignKeyViolation = Code(kind: .foreignKeyViolation)
        public static let notNullViolation = Code(kind: .notNullViolation)
        public static let checkViolation = Code(kind: .checkViolation)
        public static let exclusionViolation = Code(kind: .exclusionViolation)
        /// Another integrity constraint (SQLSTATE class 23).
        public static let constraintViolation = Code(kind: .constraintViolation)
        /// Concurrent transactions did not fit into one order.
        public static let serializationFailure = Code(kind: .serializationFailure)
        public static let deadlockDetected = Code(kind: .deadlockDetected)
        /// A lock was not free within `lock_timeout`, or `NOWAIT` was asked for.
        public static let lockTimeout = Code(kind: .lockTimeout)
        /// The server ended the statement: `statement_timeout`, or somebody cancelled it there.
        public static let statementTimeout = Code(kind: .statementTimeout)
        public static let permissionDenied = Code(kind: .permissionDenied)
        /// Memory, disk or connections are used up at the server.
        public static let resourceExhausted = Code(kind: .resourceExhausted)
        /// The statement is past a limit of the server's design; a retry cannot help.
        public static let limitExceeded = Code(kind: .limitExceeded)
        /// The statement does not fit the database: syntax, unknown table, wrong type.
        public static let statementInvalid = Code(kind: .statementInvalid)
        /// The server refused a value (SQLSTATE class 22).
        public static let valueRejected = Code(kind: .valueRejected)
        /// This library refused a value before sending it: too large, U+0000 in text, not UTF-8.
        public static let valueRefused = Code(kind: .valueRefused)
        /// A cell is not of the type it was read as.
        public static let decodingFailed = Code(kind: .decodingFailed)
        /// More or fewer rows came than the caller said there would be.
        public static let unexpectedRowCount = Code(kind: .unexpectedRowCount)
        /// The migrations in the program and in the database contradict each other.
        public static let migrationRefused = Code(kind: .migrationRefused)
        /// The library was used in a way it does not allow.
        public static let misuse = Code(kind: .misuse)
        /// The server reported something else; see the SQLSTATE.
        public static let server = Code(kind: .server)

        public var description: String { kind.rawValue }
    }

    /// Families of codes, for metrics and for deciding who has to act.
    public enum Group: String, Sendable, CaseIterable {
        case connection, constraint, serialization, permission, resource, cancellation, outcome, statement, usage
    }
}

extension PostgresError.Code {
    /// The family the code belongs to.
    public var group: PostgresError.Group {
        switch kind {
        case .connectionFailed, .connectionLost: .connection
        case .authenticationFailed, .permissionDenied: .permission
        case .poolTimeout, .lockTimeout, .resourceExhausted, .limitExceeded: .resource
        case .cancelled, .deadlineExceeded, .statementTimeout: .cancellation
        case .unknownOutcome: .outcome
        case .uniqueViolation, .foreignKeyViolation, .notNullViolation, .checkViolation, .exclusionViolation,
            .constraintViolation:
            .constraint
        case .serializationFailure, .deadlockDetected, .transactionAborted, .staleStatement: .serialization
        case .statementInvalid, .valueRejected, .server: .statement
        case .poolClosed, .transactionClosed, .valueRefused, .decodingFailed, .unexpectedRowCount, .migrationRefused,
            .misuse:
            .usage
        }
    }

    /// Whether doing the same work again may help.
    var isRetriable: Bool {
        switch kind {
        case .connectionFailed, .connectionLost, .poolTimeout, .serializationFailure, .deadlockDetected, .lockTimeout,
            .resourceExhausted, .staleStatement:
            true
        case .authenticationFailed, .poolClosed, .cancelled, .deadlineExceeded, .unknownOutcome, .transactionAborted,
            .transactionClosed, .uniqueViolation, .foreignKeyViolation, .notNullViolation, .checkViolation,
            .exclusionViolation, .constraintViolation, .statementTimeout, .permissionDenied, .limitExceeded,
            .statementInvalid, .valueRejected, .valueRefused, .decodingFailed, .unexpectedRowCount, .migrationRefused,
            .misuse, .server:
            false
        }
    }
}
