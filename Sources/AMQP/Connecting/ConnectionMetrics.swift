import Synchronization

/// What a connection has counted since it was made, over all its incarnations. Reading takes no lock.
public final class ConnectionMetrics: Sendable {
    /// A number that only grows, or one that goes up and down.
    public struct Counter: ~Copyable, Sendable {
        private let atomic = Atomic<Int>(0)

        init() {}

        /// The value now.
        public var value: Int { atomic.load(ordering: .relaxed) }

        func add(_ count: Int) {
            atomic.wrappingAdd(count, ordering: .relaxed)
        }

        func set(_ value: Int) {
            atomic.store(value, ordering: .relaxed)
        }
    }

    /// Logins that went through.
    public let connects = Counter()
    /// Attempts to connect that failed.
    public let connectFailures = Counter()
    /// Connections that ended without their owner's doing.
    public let connectionsLost = Counter()
    /// Those of them that the broker ended with `connection.close`.
    public let connectionsClosedByBroker = Counter()
    public let bytesSent = Counter()
    public let bytesReceived = Counter()
    public let writeSyscalls = Counter()
    public let readSyscalls = Counter()
    /// Connections given up because the broker was silent.
    public let heartbeatsLost = Counter()

    /// Messages handed to the socket's buffer.
    public let published = Counter()
    public let confirmed = Counter()
    public let returned = Counter()
    public let nacked = Counter()
    /// Publishes whose outcome is not known.
    public let unknown = Counter()
    /// Publishes that ended before they were sent.
    public let notSent = Counter()
    /// Publishes on the wire and not confirmed now.
    public let unconfirmed = Counter()
    /// Time from the call to its confirm.
    public let confirmLatency = DurationHistogram()

    public let delivered = Counter()
    /// Counted by the batch, an ack delay behind at most.
    public let acked = Counter()
    /// Deliveries given back or rejected.
    public let refused = Counter()
    /// Ack frames written: acked divided by this is how well acks are coalesced.
    public let ackFrames = Counter()
    /// Settlements of a delivery from an earlier connection or one settled already; they are dropped.
    public let staleSettlements = Counter()
    /// Deliveries handed to consumers and not settled now.
    public let unsettled = Counter()
    /// Bodies over the limit that came in and were rejected.
    public let oversized = Counter()
    /// Consumers that have their `consume-ok` now.
    public let consumersUp = Counter()
    /// Consumers the broker cancelled.
    public let consumersCancelled = Counter()

    /// Channels that the broker closed alone.
    public let channelsClosedByBroker = Counter()
    /// 1 while the broker blocks publishing.
    public let isBlocked = Counter()
    /// How often the broker has blocked publishing.
    public let blocks = Counter()

    init() {}
}

/// Counts of durations in buckets that double, from one microsecond up.
public final class DurationHistogram: Sendable {
    /// The number of buckets; the last one takes everything over 35 minutes.
    public static let bucketCount = 32
    private let buckets: [AtomicBucket]
    private let sum = Atomic<UInt64>(0)

    private final class AtomicBucket: Sendable {
        let count = Atomic<Int>(0)
    }

    init() {
        buckets = (0..<Self.bucketCount).map { _ in AtomicBucket() }
    }

    func record(nanoseconds: UInt64) {
        let microseconds = nanoseconds / 1000
        let index = min(UInt64.bitWidth - microseconds.leadingZeroBitCount, Self.bucketCount - 1)
        buckets[index].count.add(1, ordering: .relaxed)
        sum.add(nanoseconds, ordering: .relaxed)
    }

    /// How many durations fell below two to the power of the index, in microseconds, and not into an earlier bucket.
    public var counts: [Int] { buckets.map { $0.count.load(ordering: .relaxed) } }
    /// The sum of all durations.
    public var total: Duration { .nanoseconds(Int64(clamping: sum.load(ordering: .relaxed))) }

    /// An upper bound of the given quantile, from the bucket it falls into; nil while nothing is recorded.
    public func quantile(_ fraction: Double) -> Duration? {
        let counts = self.counts
        let total = counts.reduce(0, +)
        guard total > 0 else { return nil }
        var remaining = Int((Double(total) * fraction).rounded(.up))
        for (index, count) in counts.enumerated() {
            remaining -= count
            if remaining <= 0 { return .microseconds(1 << index) }
        }
        return .microseconds(1 << (Self.bucketCount - 1))
    }
}
