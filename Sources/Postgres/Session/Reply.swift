/// What became of a statement.
enum Outcome: Sendable {
    case success(ResultStorage)
    case failure(PostgresError)
    /// A synchronisation point was reached.
    case synchronised
}

/// Where a statement belongs, which decides when it is synchronised and what its failure spoils.
enum Scope: Sendable, Equatable {
    /// A transaction of its own.
    case autocommit
    case transaction(generation: Int, depth: Int)
    /// BEGIN, COMMIT and other statements by which this library runs transactions.
    case control(Control)

    enum Control: Sendable, Equatable {
        /// Nobody waits: its failure shows in what comes behind it.
        case begin(generation: Int)
        case transactionID(generation: Int)
        case commit, rollback
        /// A point that everything sent before has passed.
        case barrier
    }
}

/// Somebody who waits for a statement, or will.
///
/// `@unchecked Sendable` is true because every property is used only under the lock of the session it was sent on.
final class Reply: @unchecked Sendable {
    enum State {
        /// Nobody waits, or nobody yet.
        case pending
        case waiting(Waiter)
        case done(Outcome)
    }

    /// Who is resumed.
    enum Waiter {
        case one(Suspension<Outcome>)
        /// Somebody who waits for several.
        case member(ReplyGroup)
    }

    /// Why a statement is to be stopped.
    enum Interruption {
        case cancelled
        case deadline
    }

    let scope: Scope
    /// Nobody will ever wait; it stands for many statements, of which only failures matter.
    let isSilent: Bool
    var state = State.pending
    var interruption: Interruption?
    var isSent = false
    var isCancelRequested = false
    /// Stopped by a cancel request that was meant for a neighbour; may be sent again.
    var isCollateral = false
    /// The result of a transaction of one statement, until it is committed.
    var uncommitted: ResultStorage?

    init(scope: Scope, isSilent: Bool = false) {
        self.scope = scope
        self.isSilent = isSilent
    }

    func wait(_ continuation: Suspension<Outcome>) { state = .waiting(.one(continuation)) }
    func wait(as group: ReplyGroup) { state = .waiting(.member(group)) }

    /// Settles the reply.
    ///
    /// - Returns: who is to be resumed, after the lock has been released.
    func settle(_ outcome: Outcome) -> Resumption? {
        if isSilent { return nil }
        switch state {
        case .pending:
            state = .done(outcome)
            return nil
        case .waiting(.one(let continuation)):
            state = .done(outcome)
            return .one(continuation, outcome)
        case .waiting(.member(let group)):
            state = .done(outcome)
            return group.settledOne().map { .group($0) }
        case .done: return nil
        }
    }

    /// The outcome, once it is there.
    var outcome: Outcome? {
        if case .done(let outcome) = state { outcome } else { nil }
    }

    var isSettled: Bool {
        if case .done = state { true } else { false }
    }

    /// Whether the server may be asked to stop it; what ends a transaction runs to its end.
    var isInterruptible: Bool {
        switch scope {
        case .autocommit, .transaction: true
        case .control: false
        }
    }

    /// The error to tell in place of the server's, where this program stopped the statement.
    var interruptionError: PostgresError? {
        switch interruption {
        case .cancelled: PostgresError(.cancelled)
        case .deadline: PostgresError(.deadlineExceeded)
        case nil: nil
        }
    }
}

/// Somebody who waits for several replies; guarded like them, which is why `@unchecked Sendable` is true.
final class ReplyGroup: @unchecked Sendable {
    private var unsettledCount: Int
    private let continuation: Suspension<Void>

    init(count: Int, _ continuation: Suspension<Void>) {
        unsettledCount = count
        self.continuation = continuation
    }

    /// - Returns: who is to be resumed when this was the last.
    func settledOne() -> Suspension<Void>? {
        unsettledCount -= 1
        return unsettledCount == 0 ? continuation : nil
    }
}

/// A task to be resumed when no lock is held.
enum Resumption {
    case one(Suspension<Outcome>, Outcome)
    case group(Suspension<Void>)

    func resume() {
        switch self {
        case .one(let continuation, let outcome): continuation.resume(outcome)
        case .group(let continuation): continuation.resume()
        }
    }
}
