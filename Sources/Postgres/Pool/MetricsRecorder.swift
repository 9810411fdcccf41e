import Synchronization

/// Counts without a lock.
final class MetricsRecorder: Sendable {
    let statements = Counter()
    let synchronisations = Counter()
    let connects = Counter()
    let connectFailures = Counter()
    let losses = Counter()
    let commits = Counter()
    let rollbacks = Counter()
    let unknownOutcomes = Counter()
    let retries = Counter()
    let acquireTimeouts = Counter()

    /// A number that only grows.
    struct Counter: ~Copyable {
        private let value = Atomic<Int>(0)

        func add(_ amount: Int) { value.wrappingAdd(amount, ordering: .relaxed) }
        var current: Int { value.load(ordering: .relaxed) }
    }
}

/// What a pool has done since it was made, and what it is doing now.
public struct PostgresMetrics: Sendable, Hashable {
    /// Statements sent or refused.
    public var statementCount = 0
    /// Synchronisation points sent: each is one write, and at most one round trip.
    public var synchronisationCount = 0
    public var connectCount = 0
    public var connectFailureCount = 0
    /// Connections that broke in use or while idle.
    public var lossCount = 0
    public var commitCount = 0
    public var rollbackCount = 0
    public var unknownOutcomeCount = 0
    /// Transactions done again after a serialization failure, a deadlock or a stale statement.
    public var retryCount = 0
    public var acquireTimeoutCount = 0

    public var idleCount = 0
    public var leasedCount = 0
    public var connectingCount = 0
    public var waitingCount = 0
}

extension PostgresMetrics {
    init(_ recorder: MetricsRecorder) {
        statementCount = recorder.statements.current
        synchronisationCount = recorder.synchronisations.current
        connectCount = recorder.connects.current
        connectFailureCount = recorder.connectFailures.current
        lossCount = recorder.losses.current
        commitCount = recorder.commits.current
        rollbackCount = recorder.rollbacks.current
        unknownOutcomeCount = recorder.unknownOutcomes.current
        retryCount = recorder.retries.current
        acquireTimeoutCount = recorder.acquireTimeouts.current
    }
}
