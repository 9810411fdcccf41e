/// Decides which timers may fire, so that replies come first.
///
/// A timer says that nobody answered in time. Whether somebody did is known once the replies from before its time are worked
/// off: those that wait in the queue, those in our hands, and after an interruption those that are still on their way.
struct TimerRule {
    typealias Instant = ContinuousClock.Instant

    /// When looks at database and broker are further apart than this, nobody could be heard meanwhile.
    static let interruptionMin = Duration.seconds(2)
    /// What all have after an interruption to connect again and say what they could not.
    static let grace = Duration.seconds(5)
    /// A timer this late fires whatever waits: a reply queue that never empties must not stop the clocks for ever.
    static let latenessMax = Duration.seconds(60)

    private var lastHeard: Instant?
    private var graceEnd: Instant?
    /// When replies were last seen waiting: what is in hand since then may be of any age.
    private var lastWaiting: Instant?

    /// Notes that database and broker can be heard.
    mutating func hears(at now: Instant) {
        // A process that starts may have been missed for long.
        if lastHeard.map({ $0.duration(to: now) > Self.interruptionMin }) ?? true { graceEnd = now + Self.grace }
        lastHeard = now
    }

    /// - Parameters:
    ///   - waitingCount: how many replies wait in the queue.
    ///   - heldSince: since when replies are in our hands, if any are.
    /// - Returns: how late a timer must be to fire.
    mutating func lateness(at now: Instant, waitingCount: Int, heldSince: Instant?) -> Duration {
        if waitingCount > 0 { lastWaiting = now }
        if waitingCount > 0 || graceEnd.map({ now < $0 }) ?? false { return Self.latenessMax }
        guard let heldSince else { return .zero }
        if let lastWaiting, heldSince <= lastWaiting { return Self.latenessMax }
        return min(heldSince.duration(to: now), Self.latenessMax)
    }
}
