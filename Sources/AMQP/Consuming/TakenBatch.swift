import Synchronization

/// Deliveries that one iterator has taken at a time, so that few of them meet the consumer's lock.
///
/// Each is claimed once, by whoever comes first: the iterator hands it out, or the consumer, when it ends, gives it back.
final class TakenBatch: Sendable {
    private let deliveries: [Delivery]
    private let claimedCount = Atomic<Int>(0)

    init(_ deliveries: [Delivery]) {
        self.deliveries = deliveries
    }

    /// The next delivery that nobody has claimed.
    func claim() -> Delivery? {
        let index = claimedCount.add(1, ordering: .relaxed).oldValue
        return index < deliveries.count ? deliveries[index] : nil
    }

    /// All that nobody has claimed.
    func claimRest() -> ArraySlice<Delivery> {
        let index = claimedCount.exchange(deliveries.count, ordering: .relaxed)
        return deliveries[min(index, deliveries.count)...]
    }
}

/// What one iterator has taken and not handed out. It goes back when the iterator is let go of.
final class IteratorBatch {
    private let shell: ConsumerShell
    private var taken: TakenBatch?

    init(_ shell: ConsumerShell) {
        self.shell = shell
    }

    deinit {
        putBack()
    }

    func next() async -> Delivery? {
        if Task.isCancelled { putBack() }
        while true {
            while let delivery = taken?.claim() {
                // After a reconnect the broker delivers the rest again: handing it out twice would be work for nothing.
                if shell.isCurrent(delivery) { return delivery }
            }
            let finished = taken
            taken = nil
            guard let next = await shell.nextTaken(after: finished) else { return nil }
            taken = next
        }
    }

    private func putBack() {
        guard let taken else { return }
        self.taken = nil
        shell.putBack(taken)
    }
}
