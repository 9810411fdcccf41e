import Synchronization

/// A number that only grows: messages seen, errors met. Adding takes one atomic instruction and no lock.
package final class Counter: Sendable {
    private let count = Atomic<UInt64>(0)

    package init() {}

    package var value: UInt64 { count.load(ordering: .relaxed) }

    package func add(_ amount: UInt64 = 1) {
        count.wrappingAdd(amount, ordering: .relaxed)
    }
}

/// A number that rises and falls: connections open, rows waiting, seconds since the oldest.
package final class Gauge: Sendable {
    private let bits = Atomic<UInt64>(0)

    package init() {}

    package var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    package func set(_ value: Double) {
        bits.store(value.bitPattern, ordering: .relaxed)
    }

    package func set(_ value: Bool) { set(value ? 1 : 0) }

    package func add(_ amount: Double) {
        bits.addAsDouble(amount)
    }
}

extension Atomic where Value == UInt64 {
    /// Adds to the double whose bits are kept here.
    borrowing func addAsDouble(_ amount: Double) {
        var old = load(ordering: .relaxed)
        while true {
            let new = (Double(bitPattern: old) + amount).bitPattern
            let (exchanged, original) = weakCompareExchange(expected: old, desired: new, ordering: .relaxed)
            if exchanged { return }
            old = original
        }
    }
}
