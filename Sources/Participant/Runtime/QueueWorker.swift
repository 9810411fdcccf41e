import AMQP
import Messaging
import Postgres
import Reactor
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
    let background: BackgroundTasks
    let optimism = Lock(OptimismRule())

    /// Nobody waits for an ack, and one for several messages costs the broker as much as one for one; what a crash has
    /// delivered again within this time, the inbox absorbs.
    private static let ackDelay = Duration.milliseconds(20)
    /// The pause before a subscription that the broker ended at once is tried again.
    private static let subscribePause = Duration.milliseconds(500)

    init(_ queue: ParticipantQueue, _ surroundings: QueueSurroundings) {
        self.queue = queue
        self.surroundings = surroundings
        background = BackgroundTasks(on: surroundings.database.pool.executor)
        admission = AdmissionRule(
            kind: queue.kind,
            senders: SenderRule(allowed: queue.senders, relays: [surroundings.user, TopologyNames.tool]),
            horizon: surroundings.horizon, knowsType: { queue.handler.knows($0) })
        settlement = SettlementRule(ladder: queue.ladder, isTimed: queue.kind == .reply)
        metrics = QueueMetrics(surroundings.telemetry.metrics, queue: queue.name)
        log = surroundings.telemetry.log.with([LogFieldName.queue: .string(queue.name)])
    }

    /// Works until the task is cancelled; then finishes what it has begun.
    func run(on connection: Connection) async throws {
        // A process begins with one message at a time, until one comes that is no suspect: what this process holds when it
        // dies counts as delivered once more, and past a limit the broker gives it up.
        var isCareful = true
        while !Task.isCancelled {
            await untilOpen()
            if Task.isCancelled { break }
            var options = ConsumerOptions()
            options.prefetchCount = isCareful ? 1 : surroundings.batch.prefetchCount
            options.ackDelay = Self.ackDelay
            guard let consumer = try await subscribe(on: connection, options) else { break }
            log.debug("consuming", ["prefetch": .integer(Int(options.prefetchCount))])
            isCareful = await consume(consumer, isCareful: isCareful)
            await consumer.cancel(within: surroundings.stopWithin)
        }
        await background.finish(within: surroundings.stopWithin)
        log.info("stopped")
    }

    /// Subscribes to the queue, for which the broker may take as long as it is away.
    ///
    /// - Returns: nil if the task was cancelled meanwhile.
    private func subscribe(on connection: Connection, _ options: ConsumerOptions) async throws -> Consumer? {
        while !Task.isCancelled {
            do {
                return try await connection.consume(queue.name, options)
            } catch {
                if Task.isCancelled { break }
                guard error.isRetriable else { throw error }
                log.warning("waiting for the broker", .failure(error))
                try? await Task.sleep(for: Self.subscribePause)
            }
        }
        return nil
    }

    private func untilOpen() async {
        let reasons = surroundings.gate.reasons.intersection(queue.gateReasons)
        if reasons.isEmpty { return }
        for reason in reasons { metrics.isPaused(true, reason.rawValue) }
        log.warning("paused", ["reason": .string(reasons.map(\.rawValue).sorted().joined(separator: ", "))])
        await surroundings.gate.untilOpen(counting: queue.gateReasons)
        for reason in Gate.Reason.allCases { metrics.isPaused(false, reason.rawValue) }
    }

    /// Takes batches until the consumer ends, the gate is shut, or there is no more need to be careful.
    ///
    /// - Returns: whether there still is.
    private func consume(_ consumer: Consumer, isCareful: Bool) async -> Bool {
        await withTaskGroup(of: Void.self) { group in
            defer {
                group.cancelAll()
                // What is left goes back to the broker with the consumer, and is delivered again.
                surroundings.inHand.ended(onQueue: queue.name)
            }
            group.addTask { [gate = surroundings.gate, stopWithin = surroundings.stopWithin, queue] in
                await gate.untilClosed(counting: queue.gateReasons)
                // A consumer that waits for messages has to hear of it.
                if !Task.isCancelled { await consumer.cancel(within: stopWithin) }
            }
            while !Task.isCancelled, surroundings.gate.isOpen(counting: queue.gateReasons) {
                await surroundings.dispatch.ledger.room()
                let deliveries = await consumer.nextBatch(countMax: surroundings.batch.sizeMax)
                if deliveries.isEmpty { break }
                surroundings.database.pool.executor.noteBatch(messageCount: deliveries.count)
                surroundings.inHand.began(onQueue: queue.name)
                CrashPoint.delivered.reach()
                let batch = Batch(admit(deliveries))
                await work(on: batch)
                // Behind a full batch there may be messages that were delivered with it.
                if deliveries.count < surroundings.batch.sizeMax { surroundings.inHand.ended(onQueue: queue.name) }
                if isCareful, !batch.members.contains(where: \.isSuspect) { return false }
            }
            return isCareful
        }
    }

    private func work(on batch: Batch) async {
        var planner = BatchPlanner(
            batch.members.map(\.planned), runSizeMax: surroundings.batch.sizeMax,
            hasPlaceToWait: settlement.passingPlace != nil)
        var groundFailureCount = 0
        while let run = planner.next() {
            let attempt = await attempt(run, batch, twins: planner.twins)
            for (member, outcome) in planner.ended(run, attempt.end) {
                setApart(member, twins: planner.twins[member] ?? [], batch, outcome, attempt.cause(of: member))
            }
            if Task.isCancelled, attempt.end != .committed { return }
            switch attempt.end {
            case .ground, .deadlock:
                note(attempt)
                await surroundings.database.untilBack(failureCount: groundFailureCount)
                groundFailureCount += 1
            case .committed, .failed, .unclear, .conflict: groundFailureCount = 0
            }
        }
    }

    private func note(_ attempt: RunAttempt) {
        log.warning("a batch is rolled back and runs again", attempt.cause.map { .failure($0) } ?? [:])
    }
}
