/// The life of a connection across its incarnations: which host next, how long to wait, when to give up.
///
/// A value without I/O. Each successful login is a new generation; acks and numbers of an older one mean nothing.
struct RecoveryMachine {
    enum Action: Equatable {
        case connect(hostIndex: Int)
        case wait(Duration)
        /// The first connect has failed for good.
        case giveUp
    }

    private let policy: RecoveryPolicy
    private let hostCount: Int
    private var hostOrder: [Int]
    private var position = 0
    private var refused: Backoff
    private var forbidden: Backoff
    private var forbiddenCount = 0
    private(set) var generation: UInt64 = 0

    /// - Parameter order: the hosts' indices in the order to try, shuffled by the caller.
    init(policy: RecoveryPolicy, order: [Int]) {
        precondition(!order.isEmpty, "a connection needs a host")
        self.policy = policy
        hostCount = order.count
        hostOrder = order
        refused = Backoff(initial: policy.initialDelay, maximum: policy.maximumDelay)
        forbidden = Backoff(initial: policy.forbiddenDelay, maximum: policy.forbiddenMaximumDelay)
    }

    /// The attempt to make now.
    func next() -> Action {
        return .connect(hostIndex: hostOrder[position % hostCount])
    }

    /// Login went through.
    mutating func opened() -> UInt64 {
        generation += 1
        forbiddenCount = 0
        forbidden.reset()
        return generation
    }

    /// The open connection is gone: the next attempt is at once, on the next host.
    ///
    /// One that lived less than a second is as good as none: where something ends each of them, attempts take pauses.
    mutating func lost(after life: Duration, draw: Double) -> Action {
        position += 1
        if life < .seconds(1) { return .wait(refused.next(draw: draw)) }
        refused.reset()
        return next()
    }

    /// An attempt failed. A refused user waits long, for only a person mends it; everything else comes back soon.
    mutating func failed(_ error: AMQPError, draw: Double) -> Action {
        position += 1
        switch error.code {
        case .authenticationFailed, .accessRefused, .virtualHostNotFound, .tlsFailed:
            forbiddenCount += 1
            if generation == 0, forbiddenCount >= policy.forbiddenAttemptMax { return .giveUp }
            return .wait(forbidden.next(draw: draw))
        default:
            forbiddenCount = 0
            // A full round over the hosts comes before the first pause.
            if position % hostCount != 0 { return .wait(.zero) }
            return .wait(refused.next(draw: draw))
        }
    }
}
