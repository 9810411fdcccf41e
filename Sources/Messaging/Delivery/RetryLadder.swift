/// How long a failing message waits before each further delivery.
///
/// Each level is a queue of its own whose messages all wait equally long, because a broker lets expired messages out only
/// at the head of a queue. After the last level a message is dead.
public struct RetryLadder: Sendable, Hashable {
    /// One wait.
    public struct Level: Sendable, Hashable {
        public let delay: Duration
        /// The delay as it stands in names of queues: `500ms`, `1s`, `2m`, `1h`.
        public let name: String

        /// The delay in whole milliseconds.
        public var milliseconds: Int64 {
            delay.components.seconds * 1000 + delay.components.attoseconds / 1_000_000_000_000_000
        }

        init(delay: Duration) {
            self.delay = delay
            let milliseconds = delay.components.seconds * 1000 + delay.components.attoseconds / 1_000_000_000_000_000
            let (number, unit): (Int64, String) =
                if milliseconds % 1000 != 0 { (milliseconds, "ms") } else if milliseconds % 60_000 != 0 {
                    (milliseconds / 1000, "s")
                } else if milliseconds % 3_600_000 != 0 { (milliseconds / 60_000, "m") } else {
                    (milliseconds / 3_600_000, "h")
                }
            name = "\(number)\(unit)"
        }
    }

    /// The waits, from the first failure on.
    public let levels: [Level]

    /// The longest wait allowed: a day. Longer plans belong to timers in a database.
    public static let delayMax = Duration.seconds(86_400)
    public static let levelCountMax = 12

    /// Makes a ladder.
    ///
    /// - Parameter delays: each longer than the one before, from 1 ms to a day, at most 12; none means that the first
    ///   failure is the last.
    public init(delays: [Duration]) throws(RetryLadderError) {
        guard delays.count <= Self.levelCountMax else { throw RetryLadderError.tooManyLevels(delays.count) }
        var last = Duration.zero
        for delay in delays {
            guard delay >= .milliseconds(1), delay <= Self.delayMax else { throw RetryLadderError.outOfRange(delay) }
            guard delay > last else { throw RetryLadderError.notRising(delay) }
            last = delay
        }
        levels = delays.map(Level.init)
    }

    private init(unchecked delays: [Duration]) {
        levels = delays.map(Level.init)
    }

    /// 1 s, 5 s, 30 s, 2 min.
    public static let standard = RetryLadder(
        unchecked: [.seconds(1), .seconds(5), .seconds(30), .seconds(120)])

    /// No second chance.
    public static let none = RetryLadder(unchecked: [])

    /// How often a message is handed to its handler at most.
    public var attemptCountMax: Int { levels.count + 1 }

    /// The level a message waits at after a failed attempt, counted from 1; nil if that was the last.
    public func level(afterAttempt attempt: Int) -> Level? {
        attempt >= 1 && attempt <= levels.count ? levels[attempt - 1] : nil
    }

    /// The level at which a message waits that nothing is wrong with: the longest of at most half a minute; nil if there is none.
    package var holdingLevel: Level? { levels.last { $0.delay <= .seconds(30) } ?? levels.first }

    /// How long a message may be on its way from its first failure to its end, waits alone.
    public var wholeDelay: Duration { levels.reduce(.zero) { $0 + $1.delay } }
}

/// Why a ladder cannot be.
public enum RetryLadderError: Error, Sendable, Hashable, CustomStringConvertible {
    case tooManyLevels(Int)
    case outOfRange(Duration)
    case notRising(Duration)

    public var description: String {
        switch self {
        case .tooManyLevels(let count):
            "a retry ladder has \(count) levels, at most \(RetryLadder.levelCountMax) are allowed"
        case .outOfRange(let delay): "a retry delay of \(delay) is not between 1 ms and a day"
        case .notRising(let delay): "a retry delay of \(delay) is not longer than the one before"
        }
    }
}
