/// How long to wait before the next attempt: doubling, capped, with full jitter.
///
/// Full jitter (a uniform draw from zero to the cap of the attempt) spreads the clients of a broker that comes back; see
/// "Exponential Backoff And Jitter", AWS Architecture Blog. A value: the random draw is passed in.
public struct Backoff: Sendable, Hashable {
    /// The cap of the first wait.
    public var initial: Duration
    /// The cap of every wait.
    public var maximum: Duration
    private var attempt = 0

    public init(initial: Duration, maximum: Duration) {
        self.initial = initial
        self.maximum = maximum
    }

    /// The next wait, for a draw between 0 and 1.
    public mutating func next(draw: Double) -> Duration {
        // 2^20 times the first wait is past any cap; more would overflow.
        let cap = min(initial * (1 << min(attempt, 20)), maximum)
        attempt += 1
        let draw = min(max(draw, 0), 1)
        return .nanoseconds(Int64(Double(cap.nanoseconds) * draw))
    }

    /// Starts again from the first wait.
    public mutating func reset() {
        attempt = 0
    }
}
