/// Chooses from how often a loop sleeps how its thread is to wake up. A value without I/O.
///
/// A thread that wakes up takes the processor from the one that runs there. Where messages come thick and fast that is most
/// likely whoever writes them: the loop comes to few at a time, and both pay for the changes. Where others compute, on the
/// other hand, a message that waits until they have finished waits for a slice of the scheduler's, some milliseconds.
struct WakeUpMachine {
    enum Manner {
        /// It takes the processor. Exits: it sleeps more often than ``oftenPerSecond``.
        case atOnce
        /// It lets others finish their slice first. Exits: it sleeps less often than ``rarelyPerSecond``.
        case inTurn
    }

    private(set) var manner = Manner.atOnce
    private var sleepCount = 0
    private var countedSince: MonotonicTime

    init(now: MonotonicTime) {
        countedSince = now
    }

    /// As when several messages come at a time, and a hundred thousand a second.
    static let oftenPerSecond = 10_000
    /// A consumer that sleeps but once for each full prefetch window does so more often.
    static let rarelyPerSecond = 500
    private static let interval = Duration.milliseconds(10)

    /// Takes note that the loop sleeps.
    ///
    /// - Returns: the manner, where it changes.
    mutating func sleeps(at now: MonotonicTime) -> Manner? {
        sleepCount += 1
        let elapsed = now.since(countedSince)
        guard elapsed >= Self.interval else { return nil }
        let (seconds, count) = (Double(elapsed.wholeNanoseconds) / 1e9, Double(sleepCount))
        sleepCount = 0
        countedSince = now
        switch manner {
        case .atOnce where count > seconds * Double(Self.oftenPerSecond): manner = .inTurn
        case .inTurn where count < seconds * Double(Self.rarelyPerSecond): manner = .atOnce
        case .atOnce, .inTurn: return nil
        }
        return manner
    }
}
