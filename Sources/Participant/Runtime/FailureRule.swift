import Messaging
import Postgres

/// Who is to blame when handlers of one transaction fail together.
///
/// The first failing statement spoils the transaction for all; the others then fail because of it, or because they were
/// cancelled. They are innocent.
enum HandlerBlame {
    static func blame(_ failures: [Int: any Error]) -> RunHandlingError {
        let own = failures.filter { !isCollateral($0.value) }
        if own.isEmpty { return .unclear(failures.values.first ?? CancellationError()) }
        return .members(own)
    }

    static func isCollateral(_ error: any Error) -> Bool {
        if error is CancellationError { return true }
        guard let error = error as? PostgresError else { return false }
        return error.code == .transactionAborted || error.code == .cancelled || error.code == .transactionClosed
    }
}

/// What a failure of a run means for the run.
package enum FailureRule {
    enum Verdict {
        case ended(RunEnd, cause: any Error)
        /// The handlers of these members failed, by their place in the run.
        case membersFailed([Int: any Error])
        /// The commit was sent and not answered.
        case commitUnknown(cause: any Error)

        /// Whether something in the transaction failed, not the ground under it.
        var isOfStatementOrHandler: Bool {
            switch self {
            case .ended(.unclear, _), .membersFailed: true
            case .ended, .commitUnknown: false
            }
        }

        var isDeadlock: Bool {
            if case .ended(.deadlock, _) = self { true } else { false }
        }
    }

    static func verdict(on error: any Error) -> Verdict {
        switch error {
        case RunHandlingError.members(let failures): members(failures)
        case RunHandlingError.unclear(let error): unclear(error)
        default: unclear(error)
        }
    }

    /// The members' own failures, unless one of them shows that the ground is gone.
    private static func members(_ failures: [Int: any Error]) -> Verdict {
        for error in failures.values {
            if let end = groundEnd(error) { return .ended(end, cause: error) }
        }
        return .membersFailed(failures)
    }

    private static func unclear(_ error: any Error) -> Verdict {
        if let error = error as? PostgresError, error.code == .unknownOutcome { return .commitUnknown(cause: error) }
        if error is CancellationError { return .ended(.ground, cause: error) }
        return .ended(groundEnd(error) ?? .unclear, cause: error)
    }

    /// How a run ends whose failure is nobody's fault; nil if it is somebody's.
    private static func groundEnd(_ error: any Error) -> RunEnd? {
        guard let error = error as? PostgresError else { return nil }
        let cause = error.code == .transactionAborted ? error.cause ?? error : error
        switch cause.code {
        case .deadlockDetected, .lockTimeout: return .deadlock
        case .connectionFailed, .connectionLost, .authenticationFailed, .poolTimeout, .poolClosed, .cancelled,
            .resourceExhausted, .serializationFailure, .staleStatement, .permissionDenied, .unknownOutcome:
            return .ground
        default: return nil
        }
    }

    /// Whether the ground failed, not what stood on it.
    package static func isGround(_ error: any Error) -> Bool { groundEnd(error) != nil }

    /// An error in words fit to travel with a message and to stand in a log.
    static func explanation(_ error: any Error) -> String {
        "\(type(of: error)): \(error)"
    }
}
