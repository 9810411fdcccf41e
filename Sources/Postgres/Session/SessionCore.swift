import Reactor

/// Everything of a connection that its lock guards: libpq's handle and the machines that decide.
///
/// Its methods neither wait nor resume anybody; they gather in ``Effects`` what is to be done when the lock is released.
struct SessionCore: ~Copyable {
    var handle: ConnectionHandle
    var pipeline = PipelineMachine<Reply>()
    var transaction = TransactionMachine()
    var statements: StatementCache
    var held = Ring<HeldStatement>()
    var use = Use.pipeline
    let limits: PostgresConfiguration.Limits

    /// Why the connection cannot be used any more.
    var breakage: PostgresError?
    /// Everybody who waited has been told of it.
    var isAbandoned = false
    /// Something has been buffered that no synchronisation point follows.
    var isDirty = false
    /// Somebody has promised to flush.
    var isFlushPromised = false
    /// The socket took less than was buffered.
    var isWriteBlocked = false
    /// A cancel request is under way.
    var isCancelling = false
    /// A cancel request has been sent since the last barrier; it may still hit a later statement.
    var needsBarrier = false
    /// The task that issued the transaction's statements so far.
    private var issuer: Int?
    /// Several tasks issue statements, so that one of them may wait for the others before it writes.
    private(set) var hasManyIssuers = false
    /// When something came last, or was sent after everything had been answered.
    var lastProgress = MonotonicTime.now()
    /// How long the server may be silent while something is under way; more for a statement with a longer timeout of its own.
    var patience: Duration
    private let usualPatience: Duration
    /// Stands for the statements of a transaction for which nobody waits.
    var silentReply: Reply?
    /// Who waits for the connection to move on in a COPY.
    var copyWaiter: Suspension<Void>?
    var copyDeadline = MonotonicTime.never
    /// How often the socket was ready in a COPY. Whoever is about to wait compares it with what it was when they looked: what
    /// they would wait for may have happened since, and does not happen again.
    var copyMoveCount = 0
    /// When a statement that was asked to stop must have done so.
    var interruptionDeadline = MonotonicTime.never
    /// Who waits for the cancel requests to be over.
    var cancelWaiter: Suspension<Void>?

    /// The names of cursors that are open, a bit for each.
    var cursorNames: UInt8 = 0

    /// The executor's name for the socket, while it is watched.
    var watchKey: UInt64?
    /// Told what the server sends unasked.
    var listen: (@Sendable (SessionEvent) -> Void)?

    init(handle: consuming ConnectionHandle, limits: PostgresConfiguration.Limits, patience: Duration) {
        self.handle = handle
        self.limits = limits
        self.patience = patience
        usualPatience = patience
        statements = StatementCache(capacity: limits.preparedStatementCountMax)
    }

    /// What the connection is used for.
    enum Use {
        /// Statements in a pipeline. Exit: a COPY claims the connection.
        case pipeline
        /// Statements are held back until what is under way has been answered. Exits: the COPY starts, or gives up.
        case claimed
        /// libpq is outside of pipeline mode. Exit: the COPY ends.
        case copy
    }

    mutating func forgetLongTimeouts() {
        patience = usualPatience
    }

    /// The reply for a statement of this scope for which nobody waits.
    mutating func silentReply(_ scope: Scope) -> Reply {
        if let silentReply, silentReply.scope == scope { return silentReply }
        let reply = Reply(scope: scope, isSilent: true)
        silentReply = reply
        return reply
    }

    mutating func noteIssuer(_ task: Int) {
        if let issuer, issuer != task { hasManyIssuers = true }
        issuer = task
    }

    /// The next transaction may be another's.
    mutating func forgetIssuers() {
        issuer = nil
        hasManyIssuers = false
    }

    /// What the socket is watched for. In a COPY nothing is read ahead of whom it is for.
    var interest: Poller.Interest {
        var interest: Poller.Interest = []
        if use != .copy || copyWaiter != nil { interest.insert(.read) }
        if isWriteBlocked { interest.insert(.write) }
        return interest
    }

    /// A statement that has to wait for its turn.
    struct HeldStatement {
        let sql: SQL
        let reply: Reply
    }
}
