extension PublisherShell {
    /// Tells everybody whose publish has its outcome. Called outside the lock.
    ///
    /// Counts first: whoever was told finds itself counted.
    func complete(_ completed: [Machine.Pending], now: UInt64? = nil) {
        guard !completed.isEmpty else { return }
        let now = now ?? MonotonicClock.now()
        // Counted first: whoever is told may look at the counters at once.
        var tally = OutcomeTally()
        for publish in completed where !publish.isExpired {
            tally.count(publish.end)
            if publish.end.isConfirmed {
                core.metrics.confirmLatency.record(nanoseconds: now &- min(publish.submittedAt, now))
            } else if case .notSent(let error) = publish.end, error.code == .invalidArgument {
                tellRefused(publish.publication, error)
            }
        }
        tally.record(in: core.metrics)
        var run = ConfirmedRun()
        for publish in completed where !publish.isExpired {
            if case .batch(let batch, _) = publish.token, publish.end.isConfirmed {
                run.extend(batch)
            } else {
                tell(publish.token, publish.end)
            }
        }
        run.end()
    }

    /// Counts and tells those who have waited for nothing.
    func tell(_ told: [(token: Waiter, outcome: PublishOutcome)]) {
        guard !told.isEmpty else { return }
        var tally = OutcomeTally()
        for one in told { tally.count(one.outcome) }
        tally.record(in: core.metrics)
        for one in told { tell(one.token, one.outcome) }
    }

    private func tell(_ waiter: Waiter, _ outcome: PublishOutcome) {
        switch waiter {
        case .single(let continuation): continuation.resume(returning: outcome)
        case .batch(let batch, let index): batch.complete(index, outcome)?.resume()
        case .abandoned: break
        }
    }
}

/// Neighbours of one batch that are confirmed together, told with one visit to the batch.
private struct ConfirmedRun {
    private var batch: PublishBatch?
    private var count = 0

    mutating func extend(_ batch: PublishBatch) {
        if self.batch !== batch { end() }
        self.batch = batch
        count += 1
    }

    mutating func end() {
        batch?.confirm(count)?.resume()
        batch = nil
        count = 0
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
