import Glibc

/// The moment by which something must have happened.
struct Deadline: Sendable {
    private let end: ContinuousClock.Instant
    /// What the caller allowed, for error texts.
    let limit: Duration

    init(after limit: Duration) {
        self.limit = limit
        end = ContinuousClock.now + limit
    }

    var hasPassed: Bool { ContinuousClock.now >= end }

    /// What is left, at least zero, in milliseconds rounded up, for `poll(2)`.
    var remainingMilliseconds: Int32 {
        let left = end - ContinuousClock.now
        guard left > .zero else { return 0 }
        let (seconds, attoseconds) = left.components
        return Int32(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000 + 1)
    }

    /// Looks again and again until `condition` gives a value; nil once the deadline has passed.
    ///
    /// For things the system gives no event for (a child's end, a port that opens). Blocks the thread between looks.
    func poll<Value>(every interval: Duration = .milliseconds(10), _ condition: () throws -> Value?) rethrows -> Value?
    {
        let pause = Deadline(after: interval).remainingMilliseconds
        while true {
            if let value = try condition() { return value }
            if hasPassed { return nil }
            _ = Glibc.poll(nil, 0, min(pause, remainingMilliseconds))
        }
    }
}
