/// The publishes of one channel that wait for their confirm, by sequence number.
///
/// Numbers are given out in order from 1 as the broker counts them (RabbitMQ, "Publisher Confirms"); confirms may come in
/// any order, singly or for a whole prefix. A ring whose size is a power of two: a new number takes the next slot, and
/// the slots before the oldest open one are free.
struct ConfirmRing<Entry: Sendable>: Sendable {
    private var slots: [Entry?]
    /// The oldest number that may still be open.
    private(set) var oldest: UInt64 = 1
    /// The number the next publish gets.
    private(set) var next: UInt64 = 1
    private(set) var openCount = 0

    init(capacity: Int = 64) {
        var size = 1
        while size < capacity { size *= 2 }
        slots = Array(repeating: nil, count: size)
    }

    private var mask: UInt64 { UInt64(slots.count - 1) }

    /// Stores an entry under the next number and returns the number.
    mutating func append(_ entry: Entry) -> UInt64 {
        if next - oldest == UInt64(slots.count) { grow() }
        let number = next
        slots[Int(number & mask)] = entry
        next += 1
        openCount += 1
        return number
    }

    /// Closes one number, or all open ones up to it, and passes each entry on in order.
    ///
    /// - Returns: false where the broker named a number that is not open: it was never given out or is settled already.
    @discardableResult
    mutating func settle(_ number: UInt64, multiple: Bool, _ body: (Entry) -> Void) -> Bool {
        // 0 with multiple means everything outstanding (AMQP 0-9-1, basic.ack, delivery-tag).
        let last = multiple && number == 0 ? next - 1 : number
        guard last >= oldest, last < next else { return false }
        var settledAny = false
        var current = multiple ? oldest : last
        while current <= last {
            if let entry = slots[Int(current & mask)].take() {
                openCount -= 1
                settledAny = true
                body(entry)
            }
            current += 1
        }
        while oldest < next, slots[Int(oldest & mask)] == nil { oldest += 1 }
        return settledAny
    }

    /// Takes back the newest number, whose message did not go out.
    mutating func withdrawLast() -> Entry {
        guard next > oldest, let entry = slots[Int((next - 1) & mask)].take() else {
            preconditionFailure("there is no newest publish to withdraw")
        }
        next -= 1
        openCount -= 1
        return entry
    }

    /// The oldest open entry for which `matches` holds.
    func firstOpen(where matches: (Entry) -> Bool) -> Entry? {
        var number = oldest
        while number < next {
            if let entry = slots[Int(number & mask)], matches(entry) { return entry }
            number += 1
        }
        return nil
    }

    /// Closes everything, as when the channel is gone, and passes each entry on in order; numbers start at 1 again.
    mutating func removeAll(_ body: (Entry) -> Void) {
        var number = oldest
        while number < next {
            if let entry = slots[Int(number & mask)].take() { body(entry) }
            number += 1
        }
        oldest = 1
        next = 1
        openCount = 0
    }

    private mutating func grow() {
        var larger = [Entry?](repeating: nil, count: slots.count * 2)
        let largerMask = UInt64(larger.count - 1)
        var number = oldest
        while number < next {
            larger[Int(number & largerMask)] = slots[Int(number & mask)].take()
            number += 1
        }
        slots = larger
    }
}
