/// Chooses from what comes at a time, and from how often a loop sleeps, how its thread is to wake up. A value without I/O.
///
/// A thread that wakes up takes the processor from the one that runs there. Where messages come thick and fast that is most
/// likely whoever writes them: the loop comes to few at a time, and both pay for the changes. Where others compute, on the
/// other hand, a message that waits until they have finished waits for a slice of the scheduler's, some milliseconds. Who
/// works on one message at a time waits for that at each; where several come together, they wait together.
struct WakeUpMachine {
    enum Manner {
        /// It takes the processor. Exits: it sleeps more often than ``oftenPerSecond``, or batches form.
        case atOnce
        /// It lets others finish their slice first. Exits: neither is so any more.
        case inTurn
    }

    var manner: Manner { sleepsOften || batchesForm ? .inTurn : .atOnce }

    /// Ends when it sleeps less often than ``rarelyPerSecond``.
    private var sleepsOften = false
    private var sleepCount = 0
    private var countedSince: MonotonicTime

    /// Ends when fewer than ``fewPerWindow`` come in a window.
    private var batchesForm = false
    private var batchCount = 0
    private var messageCount = 0

    init(now: MonotonicTime) {
        countedSince = now
    }

    /// As when several messages come at a time, and a hundred thousand a second.
    static let oftenPerSecond = 10_000
    /// A consumer that sleeps but once for each full prefetch window does so more often.
    static let rarelyPerSecond = 500
    private static let interval = Duration.milliseconds(10)

    /// How many batches are looked at together.
    static let window = 32
    /// One and a half to a batch: who asks for one thing after another stays below.
    static let severalPerWindow = window * 3 / 2
    static let fewPerWindow = window * 6 / 5

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
        return change { machine in
            let limit = machine.sleepsOften ? Self.rarelyPerSecond : Self.oftenPerSecond
            machine.sleepsOften = count > seconds * Double(limit)
        }
    }

    /// Takes note of a batch: all that was there, of which the loop's tasks take care together.
    ///
    /// - Returns: the manner, where it changes.
    mutating func takes(messageCount count: Int) -> Manner? {
        batchCount += 1
        messageCount += count
        guard batchCount == Self.window else { return nil }
        let total = messageCount
        (batchCount, messageCount) = (0, 0)
        return change { $0.batchesForm = total >= ($0.batchesForm ? Self.fewPerWindow : Self.severalPerWindow) }
    }

    private mutating func change(_ body: (inout Self) -> Void) -> Manner? {
        let before = manner
        body(&self)
        return manner == before ? nil : manner
    }
}
