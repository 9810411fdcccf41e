import Telemetry

/// Makes ids that rise, whatever the clock does.
///
/// The 74 bits after the time start at random, with the top one clear, and grow by a random step for each further id of one
/// millisecond. If the clock stands still or falls back, the last time is kept until the clock has passed it; if the bits
/// run out, the time moves on by itself. Source: RFC 9562 section 6.2, method 2.
public struct UUIDv7Generator: Sendable {
    private var milliseconds: UInt64 = 0
    /// The upper 12 and the lower 62 bits of the counter.
    private var counterHigh: UInt64 = 0
    private var counterLow: UInt64 = 0

    private static let timeMax: UInt64 = 1 << 48 - 1
    private static let lowMax: UInt64 = 1 << 62 - 1

    public init() {}

    /// Makes the next id.
    ///
    /// - Parameters:
    ///   - now: milliseconds since 1970; a time before 1970 counts as 1970.
    ///   - random: the source of the bits nobody should guess.
    public mutating func next(now: Int64, using random: inout some RandomNumberGenerator) -> UUIDv7 {
        let time = min(UInt64(max(now, 0)), Self.timeMax)
        if time > milliseconds {
            milliseconds = time
            seed(using: &random)
        } else {
            step(by: random.next() & 0xFFFF_FFFF + 1, using: &random)
        }
        return UUIDv7(milliseconds: milliseconds, randomHigh: counterHigh, randomLow: counterLow)
    }

    private mutating func seed(using random: inout some RandomNumberGenerator) {
        counterHigh = random.next() & 0x7FF
        counterLow = random.next() & Self.lowMax
    }

    private mutating func step(by amount: UInt64, using random: inout some RandomNumberGenerator) {
        counterLow += amount
        if counterLow <= Self.lowMax { return }
        counterLow &= Self.lowMax
        counterHigh += 1
        if counterHigh <= 0xFFF { return }
        milliseconds = min(milliseconds + 1, Self.timeMax)
        seed(using: &random)
    }
}

/// The system's random numbers.
///
/// Not empty, as `SystemRandomNumberGenerator` is: the thread sanitizer looks at the memory of what is passed `inout`, and
/// crashes where there is none.
private struct SystemRandom: RandomNumberGenerator {
    private var drawnCount: UInt64 = 0

    mutating func next() -> UInt64 {
        drawnCount &+= 1
        return .random(in: .min ... .max)
    }
}

/// The ids of a whole process: one generator, shared by all its tasks.
public final class UUIDv7Source: Sendable {
    private let generator = Lock(UUIDv7Generator())
    private let now: @Sendable () -> Int64

    /// - Parameter now: the wall clock, in milliseconds since 1970.
    public init(now: @escaping @Sendable () -> Int64) {
        self.now = now
    }

    public func next() -> UUIDv7 {
        let time = now()
        return generator.withLock { generator in
            var random = SystemRandom()
            return generator.next(now: time, using: &random)
        }
    }

    /// Several ids at the cost of one lock.
    public func next(count: Int) -> [UUIDv7] {
        let time = now()
        return generator.withLock { generator in
            var random = SystemRandom()
            return (0..<count).map { _ in generator.next(now: time, using: &random) }
        }
    }
}
