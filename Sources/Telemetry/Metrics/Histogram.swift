import Synchronization

/// Counts observations by size, so that a scraper can tell quantiles of many processes together.
///
/// Observing takes a short search and three atomic instructions, no lock. A reading is not a snapshot of one instant: the
/// sum may be one observation ahead of the counts, which is what scrapers expect.
package final class Histogram: Sendable {
    /// The upper bounds of the buckets, rising; the last bucket, without bound, is not among them.
    package let bounds: [Double]
    private let buckets: BucketStorage
    private let sum = Atomic<UInt64>(0)

    /// The bounds OpenTelemetry names for durations of messaging operations, in seconds.
    package static let secondsBounds = [
        0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
    ]

    /// Bounds for counts of things in a batch.
    package static let batchBounds: [Double] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]

    package init(bounds: [Double] = Histogram.secondsBounds) {
        precondition(zip(bounds, bounds.dropFirst()).allSatisfy(<), "histogram bounds must rise: \(bounds)")
        self.bounds = bounds
        buckets = BucketStorage(count: bounds.count + 1)
    }

    /// Counts one value; a NaN, which belongs to no bucket, is left out.
    package func observe(_ value: Double) {
        guard !value.isNaN else { return }
        buckets.increment(bounds.firstIndex { value <= $0 } ?? bounds.count)
        sum.addAsDouble(value)
    }

    package func observe(_ duration: Duration) {
        observe(duration / .seconds(1))
    }

    package struct Reading: Sendable, Equatable {
        /// How many values fell into each bucket alone, the unbounded one last.
        package let counts: [UInt64]
        package let sum: Double

        package var count: UInt64 { counts.reduce(0, +) }
    }

    package var reading: Reading {
        Reading(counts: buckets.counts, sum: Double(bitPattern: sum.load(ordering: .relaxed)))
    }
}

/// A fixed row of atomic counters.
///
/// `@unchecked Sendable` is true because the pointer never changes, the memory lives as long as the object, and every
/// access to it is atomic.
private final class BucketStorage: @unchecked Sendable {
    private let cells: UnsafeMutableBufferPointer<Atomic<UInt64>>

    init(count: Int) {
        cells = .allocate(capacity: count)
        for index in 0..<count { cells.initializeElement(at: index, to: Atomic(0)) }
    }

    deinit {
        cells.deinitialize()
        cells.deallocate()
    }

    func increment(_ index: Int) {
        cells[index].wrappingAdd(1, ordering: .relaxed)
    }

    var counts: [UInt64] {
        (0..<cells.count).map { cells[$0].load(ordering: .relaxed) }
    }
}
