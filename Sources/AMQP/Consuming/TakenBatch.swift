import Synchronization

/// Deliveries that one iterator has taken at a time, so that few of them meet the consumer's lock.
///
/// Each is claimed once, by whoever comes first: the iterator hands it out, or the consumer, when it ends, gives it back.
final class TakenBatch: Sendable {
    private let runs: [DeliveryRun]
    private let count: Int
    private let claimedCount = Atomic<Int>(0)

    init(_ runs: [DeliveryRun]) {
        self.runs = runs
        count = runs.reduce(0) { $0 + $1.count }
    }

    /// The next delivery that nobody has claimed.
    func claim() -> Delivery? {
        let index = claimedCount.wrappingAdd(1, ordering: .relaxed).oldValue
        return index < count ? runs.delivery(at: index) : nil
    }

    /// All that nobody has claimed.
    func claimRest() -> [DeliveryRun] {
        var claimed = min(claimedCount.exchange(count, ordering: .relaxed), count)
        return runs.compactMap { run in
            var rest = run
            claimed -= rest.removeFirst(min(claimed, run.count)).count
            return rest.count > 0 ? rest : nil
        }
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

    /// The next delivery, if one has been taken and the task is not cancelled. Most deliveries are, and no wait is needed.
    func nextAtHand() -> Delivery? {
        let isCancelled = unsafe withUnsafeCurrentTask { unsafe $0?.isCancelled ?? false }
        return isCancelled ? nil : claim()
    }

    func next() async -> Delivery? {
        if Task.isCancelled { putBack() }
        while true {
            if let delivery = claim() { return delivery }
            let finished = taken
            taken = nil
            guard let next = await shell.nextTaken(after: finished) else { return nil }
            taken = next
        }
    }

    private func claim() -> Delivery? {
        while let delivery = taken?.claim() {
            // After a reconnect the broker delivers the rest again: handing it out twice would be work for nothing.
            if shell.isCurrent(delivery) { return delivery }
        }
        return nil
    }

    private func putBack() {
        guard let taken else { return }
        self.taken = nil
        shell.putBack(taken)
    }
}
