import AMQP
import Messaging
import Telemetry

/// Works on one queue: takes what is ready, runs it, settles it.
final class QueueWorker: Sendable {
    let queue: ParticipantQueue
    let surroundings: QueueSurroundings
    let admission: AdmissionRule
    let settlement: SettlementRule
    let metrics: QueueMetrics
    let log: Logger
    /// What is published beside the next batch.
    let background = BackgroundTasks()

    init(_ queue: ParticipantQueue, _ surroundings: QueueSurroundings) {
        self.queue = queue
        self.surroundings = surroundings
        admission = AdmissionRule(
            kind: queue.kind,
            senders: SenderRule(allowed: queue.senders, relays: [surroundings.user, TopologyNames.tool]),
            horizon: surroundings.horizon, knowsType: { queue.handler.knows($0) })
        settlement = SettlementRule(ladder: queue.ladder)
        metrics = QueueMetrics(surroundings.telemetry.metrics, queue: queue.name)
        log = surroundings.telemetry.log.with([LogFieldName.queue: .string(queue.name)])
    }

    /// Works until the task is cancelled; then finishes what it has begun.
    func run(on connection: Connection) async throws {
        var options = ConsumerOptions()
        options.prefetchCount = surroundings.batch.prefetchCount
        while !Task.isCancelled {
            await untilOpen()
            if Task.isCancelled { break }
            let consumer = try await connection.consume(queue.name, options)
            log.info("consuming")
            await consume(consumer)
            await consumer.cancel(within: surroundings.stopWithin)
        }
        await background.finish()
        log.info("stopped")
    }

    private func untilOpen() async {
        let reasons = surroundings.gate.reasons
        if reasons.isEmpty { return }
        for reason in reasons { metrics.isPaused(true, reason.rawValue) }
        log.warning("paused", ["reason": .string(reasons.map(\.rawValue).sorted().joined(separator: ", "))])
        await surroundings.gate.untilOpen()
        for reason in Gate.Reason.allCases { metrics.isPaused(false, reason.rawValue) }
    }

    /// Takes batches until the consumer ends or the gate is shut.
    private func consume(_ consumer: Consumer) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [gate = surroundings.gate, stopWithin = surroundings.stopWithin] in
                await gate.untilClosed()
                // A consumer that waits for messages has to hear of it.
                if !Task.isCancelled { await consumer.cancel(within: stopWithin) }
            }
            while !Task.isCancelled, surroundings.gate.isOpen {
                await surroundings.dispatch.ledger.room()
                let deliveries = await consumer.nextBatch(countMax: surroundings.batch.sizeMax)
                if deliveries.isEmpty { break }
                await work(on: deliveries)
            }
            group.cancelAll()
        }
    }

    private func work(on deliveries: [Delivery]) async {
        CrashPoint.delivered.reach()
        let batch = Batch(admit(deliveries))
        if batch.members.isEmpty { return }
        var planner = BatchPlanner(batch.members.map(\.planned), runSizeMax: surroundings.batch.sizeMax)
        var groundFailureCount = 0
        while let run = planner.next() {
            var runner = BatchRunner(self, batch, run, twins: planner.twins)
            let attempt = await runner.attempt()
            for (member, outcome) in planner.ended(run, attempt.end) {
                setApart(member, twins: planner.twins[member] ?? [], batch, outcome, attempt.cause(of: member))
            }
            if Task.isCancelled, attempt.end != .committed { return }
            switch attempt.end {
            case .ground, .deadlock:
                note(attempt)
                await surroundings.database.untilBack(failureCount: groundFailureCount)
                groundFailureCount += 1
            case .committed, .failed, .unclear: groundFailureCount = 0
            }
        }
    }

    private func note(_ attempt: RunAttempt) {
        log.warning("a batch is rolled back and runs again", attempt.cause.map { .failure($0) } ?? [:])
    }
}
