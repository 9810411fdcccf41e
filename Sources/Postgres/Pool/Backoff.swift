/// How long to wait before the next attempt: doubled each time up to a limit, with full jitter.
///
/// Jitter keeps many processes from coming back in step ("Exponential Backoff And Jitter", AWS Architecture Blog).
struct Backoff: Sendable {
    let min: Duration
    let max: Duration

    /// - Parameters:
    ///   - attempt: how many attempts have failed, at least 1.
    ///   - jitter: a random number from 0 up to 1.
    func pause(afterAttempt attempt: Int, jitter: Double) -> Duration {
        let doublings = Swift.min(attempt - 1, 30)
        let ceiling = Swift.min(min * (1 << doublings), max)
        // At least half, so that a pause is never next to nothing.
        return ceiling * (0.5 + jitter / 2)
    }
}
