/// The transaction open on a connection, if any.
struct TransactionMachine {
    enum State {
        /// No transaction. Exit: begin.
        case none
        /// `BEGIN` goes out with the first statement. Exits: first statement, close.
        case unopened(TransactionOptions)
        /// Exits: a failure, close.
        case open
        /// The server refuses everything but going back to where it was sound. Exits: a savepoint outside of the failure
        /// is returned to, close.
        case failed(PostgresError, depth: Int)
        /// `COMMIT` or `ROLLBACK` is under way. Exit: ended.
        case closing
    }

    /// Whether a statement may go out.
    enum Admission {
        case proceed
        /// It goes out behind `BEGIN`.
        case begin(TransactionOptions)
        case refuse(PostgresError)
    }

    enum Commit {
        /// The server never heard of the transaction.
        case nothingToDo
        case send
        /// It cannot be committed; roll back and report this.
        case rollback(PostgresError)
    }

    enum Rollback {
        case nothingToDo
        case send
    }

    private(set) var state = State.none
    /// Tells a transaction from those before it on the same connection.
    private(set) var generation = 0
    /// How many savepoints are open.
    private(set) var depth = 0
    /// What first went wrong in it, also after COMMIT has been sent.
    private(set) var firstFailure: PostgresError?
    /// How it begins, while all that was asked of it is held back.
    private var heldBegin: TransactionOptions?
    /// The server's number for it, once known.
    var transactionID: PostgresTransactionID?

    mutating func begin(_ options: TransactionOptions) -> Int {
        guard case .none = state else { preconditionFailure("a transaction is open already: \(state)") }
        generation += 1
        depth = 0
        firstFailure = nil
        transactionID = nil
        heldBegin = nil
        state = .unopened(options)
        return generation
    }

    /// - Parameters:
    ///   - generation: which transaction the statement belongs to.
    ///   - depth: how many savepoints its caller is inside of.
    ///   - wasHeld: whether ``hold(generation:depth:)`` let it wait. It goes before whatever closes the transaction, also if that
    ///     has been asked for meanwhile: it stands in front of it.
    mutating func admit(generation: Int, depth: Int, wasHeld: Bool = false) -> Admission {
        if let refusal = refusal(generation: generation, depth: depth, wasHeld: wasHeld) { return .refuse(refusal) }
        if case .unopened(let options) = state {
            state = .open
            return .begin(options)
        }
        guard let options = heldBegin else { return .proceed }
        heldBegin = nil
        return .begin(options)
    }

    /// Lets a statement of the transaction wait for room. From then on there is something to commit.
    ///
    /// - Returns: why it is refused at once.
    mutating func hold(generation: Int, depth: Int) -> PostgresError? {
        if let refusal = refusal(generation: generation, depth: depth, wasHeld: false) { return refusal }
        if case .unopened(let options) = state {
            heldBegin = options
            state = .open
        }
        return nil
    }

    private func refusal(generation: Int, depth: Int, wasHeld: Bool) -> PostgresError? {
        guard generation == self.generation else { return Self.closed }
        switch state {
        case .none: return Self.closed
        case .closing: return wasHeld ? nil : Self.closed
        case .failed(let cause, _): return PostgresError(.transactionAborted, cause: cause)
        case .unopened, .open: return depth == self.depth ? nil : Self.wrongDepth
        }
    }

    /// A statement of the transaction failed: the innermost savepoint can still be returned to.
    mutating func fail(_ error: PostgresError, generation: Int) {
        fail(error, generation: generation, depth: depth)
    }

    /// The transaction shall not go on, for example because one of its tasks was cancelled; no savepoint heals that.
    mutating func abort(_ error: PostgresError, generation: Int) {
        fail(error, generation: generation, depth: 0)
    }

    private mutating func fail(_ error: PostgresError, generation: Int, depth: Int) {
        guard generation == self.generation else { return }
        if firstFailure == nil { firstFailure = error }
        switch state {
        case .open, .unopened: state = .failed(error, depth: depth)
        // An abort behind a failure inside of a savepoint: going back to the savepoint does not heal it any more.
        case .failed(let first, let firstDepth): state = .failed(first, depth: min(firstDepth, depth))
        case .none, .closing: break
        }
    }

    mutating func openedSavepoint() -> Int {
        depth += 1
        return depth
    }

    /// Whether a savepoint's work can be kept; if not, why.
    func failure(generation: Int) -> PostgresError? {
        guard generation == self.generation, case .failed(let error, _) = state else { return nil }
        return error
    }

    /// The savepoint at `depth` has been left; going back to it heals a failure that happened inside of it.
    mutating func leftSavepoint(depth: Int, rolledBack: Bool) {
        self.depth = depth - 1
        if rolledBack, case .failed(_, let failureDepth) = state, failureDepth >= depth {
            state = .open
            firstFailure = nil
        }
    }

    mutating func commit() -> Commit {
        switch state {
        case .unopened:
            state = .none
            return .nothingToDo
        case .open:
            state = .closing
            return .send
        case .failed(let error, _):
            state = .closing
            return .rollback(error)
        case .none, .closing: preconditionFailure("no transaction to commit: \(state)")
        }
    }

    mutating func rollback() -> Rollback {
        switch state {
        case .unopened, .none:
            state = .none
            return .nothingToDo
        case .open, .failed, .closing:
            state = .closing
            return .send
        }
    }

    mutating func ended() {
        state = .none
        depth = 0
        heldBegin = nil
    }

    private static let closed = PostgresError(
        .transactionClosed, note: "the transaction is over; use it only inside its closure")
    private static let wrongDepth = PostgresError(
        .misuse, note: "a savepoint is open: use the transaction value it handed to its closure")
}
