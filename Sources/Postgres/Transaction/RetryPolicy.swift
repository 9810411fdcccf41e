/// How often a transaction is done again after a serialization failure, a deadlock or a stale statement.
public struct RetryPolicy: Sendable, Hashable {
    /// Attempts in all, the first included.
    public var attemptCountMax: Int
    /// The longest pause before the second attempt; it doubles with each further one.
    public var pauseMin: Duration
    public var pauseMax: Duration

    public init(
        attemptCountMax: Int = 5, pauseMin: Duration = .milliseconds(5), pauseMax: Duration = .milliseconds(500)
    ) {
        precondition(attemptCountMax > 0, "a transaction is attempted at least once")
        self.attemptCountMax = attemptCountMax
        self.pauseMin = pauseMin
        self.pauseMax = pauseMax
    }

    /// The transaction is attempted once.
    public static let never = RetryPolicy(attemptCountMax: 1)
    public static let standard = RetryPolicy()

    /// - Returns: how long to wait before the next attempt, nil when there is none.
    func pause(afterAttempt attempt: Int, jitter: Double) -> Duration? {
        guard attempt < attemptCountMax else { return nil }
        return Backoff(min: pauseMin, max: pauseMax).pause(afterAttempt: attempt, jitter: jitter)
    }
}
