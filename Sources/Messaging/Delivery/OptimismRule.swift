/// When a worker takes for granted what it would otherwise ask the database first.
///
/// A run that does so in vain costs a transaction. Each failure keeps twice as many of the runs behind it from trying, each
/// success half as many, so that a worker among others that write to the same rows soon gives up, and finds out when it is
/// alone again.
package struct OptimismRule: Sendable, Hashable {
    /// The most runs that do not try in a row.
    package static let pauseMax = 256

    private var pause = 1
    private var remaining = 0

    package init() {}

    /// Whether the next run may try.
    package mutating func mayTry() -> Bool {
        if remaining == 0 { return true }
        remaining -= 1
        return false
    }

    package mutating func paidOff() {
        pause = max(1, pause / 2)
    }

    package mutating func wasInVain() {
        remaining = pause
        pause = min(pause * 2, Self.pauseMax)
    }
}
