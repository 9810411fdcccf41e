extension PublisherShell {
    func complete(_ completions: [Machine.Completion], now: UInt64? = nil) {
        guard !completions.isEmpty else { return }
        let now = now ?? MonotonicClock.now()
        var tally = OutcomeTally()
        var finished: [PublishBatch.Finished] = []
        for completion in completions {
            tally.count(completion.outcome)
            if completion.outcome.isConfirmed {
                core.metrics.confirmLatency.record(nanoseconds: now &- min(completion.submittedAt, now))
            }
            if let batch = tell(completion.token, completion.outcome) { finished.append(batch) }
        }
        tally.record(in: core.metrics)
        for batch in finished { batch.resume() }
    }

    @discardableResult
    func tell(_ waiter: Waiter, _ outcome: PublishOutcome) -> PublishBatch.Finished? {
        switch waiter {
        case .single(let continuation):
            continuation.resume(returning: outcome)
            return nil
        case .batch(let batch, let index):
            return batch.complete(index, outcome)
        case .abandoned:
            return nil
        }
    }
}

/// Counts a batch of outcomes before it touches the shared counters once.
private struct OutcomeTally {
    private var confirmed = 0
    private var returned = 0
    private var nacked = 0
    private var unknown = 0
    private var notSent = 0

    mutating func count(_ outcome: PublishOutcome) {
        switch outcome {
        case .confirmed: confirmed += 1
        case .returned: returned += 1
        case .nacked: nacked += 1
        case .unknown: unknown += 1
        case .notSent: notSent += 1
        }
    }

    func record(in metrics: ConnectionMetrics) {
        if confirmed > 0 { metrics.confirmed.add(confirmed) }
        if returned > 0 { metrics.returned.add(returned) }
        if nacked > 0 { metrics.nacked.add(nacked) }
        if unknown > 0 { metrics.unknown.add(unknown) }
        if notSent > 0 { metrics.notSent.add(notSent) }
    }
}
