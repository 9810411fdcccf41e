import AMQP
import Messaging
import Postgres
import Telemetry

/// Publishes what nobody publishes from memory: rows of dead processes, and our own that are in doubt.
///
/// A row that fails alone again and again (the broker closes the channel over it, no queue takes it) is tried ever more
/// seldom, so that it does not hold up the others.
struct OutboxSweep: Sendable {
    private let store: ProcessStore
    private let database: DatabaseGround
    private let dispatch: Dispatch
    private let gate: Gate
    private let log: Logger
    private let backlog: Gauge
    private let oldest: Gauge

    static let interval = Duration.seconds(1)
    private static let countMax = 200
    private static let backlogInterval = 10

    init(_ database: DatabaseGround, dispatch: Dispatch, gate: Gate, _ telemetry: ParticipantTelemetry) {
        store = ProcessStore(database: database.pool)
        self.database = database
        self.dispatch = dispatch
        self.gate = gate
        log = telemetry.log
        backlog = telemetry.metrics.gauge(MetricCatalogue.outboxPending).with()
        oldest = telemetry.metrics.gauge(MetricCatalogue.outboxOldestAgeSeconds).with()
    }

    /// Sweeps until the task is cancelled.
    func run() async {
        var failures = FailureCounts()
        var round = 0
        while !Task.isCancelled {
            do {
                if gate.isOpen { try await sweep(&failures) }
                if round % Self.backlogInterval == 0 { try await measure() }
            } catch {
                log.debug("the sweep failed and tries again", .failure(error))
            }
            round += 1
            do { try await Task.sleep(for: Self.interval) } catch { return }
        }
    }

    private func measure() async throws(PostgresError) {
        let (count, seconds) = try await store.backlog()
        backlog.set(Double(count))
        oldest.set(seconds)
    }

    private func sweep(_ failures: inout FailureCounts) async throws {
        let hasDead = try await store.hasDeadProcesses()
        repeat {
            // All of them: were it only some, rows that are not there would keep those behind them from being looked for.
            let wanted = dispatch.ledger.inDoubt.filter { failures.isDue($0) }
            if wanted.isEmpty, !hasDead { return }
            let rows = try await store.claim(wanted, epoch: database.epoch, countMax: Self.countMax)
            if rows.count < Self.countMax { dispatch.ledger.missed(Set(wanted).subtracting(rows.map(\.id))) }
            if rows.isEmpty { break }
            CrashPoint.swept.reach()
            log.info("publishing what was left over", ["count": .integer(rows.count)])
            // From now on they are ours, and only in doubt until they are confirmed.
            dispatch.ledger.doubt(rows.map(\.id))
            try await publish(rows, &failures)
        } while !Task.isCancelled && gate.isOpen
        if hasDead { try await store.forgetDeadProcesses() }
    }

    /// Publishes together; what fails goes alone next time, so that one row cannot spoil the rest for ever.
    private func publish(_ rows: [OutgoingMessage], _ failures: inout FailureCounts) async throws {
        let together = rows.filter { !failures.hasFailed($0.id) }
        var confirmed: [UUIDv7] = []
        for batch in [together] + rows.filter({ failures.hasFailed($0.id) }).map({ [$0] }) where !batch.isEmpty {
            for (message, outcome) in zip(batch, await dispatch.publish(batch)) {
                if outcome.isConfirmed {
                    confirmed.append(message.id)
                    failures.forget(message.id)
                } else {
                    failures.note(message.id)
                }
            }
        }
        if confirmed.isEmpty { return }
        // Deleted first: a row that cannot be deleted now stays in doubt, is published again and deleted then.
        try await store.delete(confirmed)
        dispatch.ledger.settled(confirmed)
        CrashPoint.deleted.reach()
    }
}

/// How often rows have failed, and when each is due again.
private struct FailureCounts {
    private var counts: [UUIDv7: (count: Int, dueAt: ContinuousClock.Instant)] = [:]

    func hasFailed(_ id: UUIDv7) -> Bool { counts[id] != nil }

    func isDue(_ id: UUIDv7) -> Bool {
        guard let dueAt = counts[id]?.dueAt else { return true }
        return ContinuousClock.now >= dueAt
    }

    mutating func note(_ id: UUIDv7) {
        let count = (counts[id]?.count ?? 0) + 1
        counts[id] = (count, ContinuousClock.now + .seconds(1 << min(count, 6)))
    }

    mutating func forget(_ id: UUIDv7) { counts[id] = nil }
}
