import Synchronization
import Telemetry

/// Runs one subscription: buffers deliveries for those who iterate, and settles them through a `SettlementMachine`.
final class ConsumerShell: ChannelHandler {
    /// What a drain found.
    struct Drained: Sendable {
        var givenBack: Int
        var unsettled: Int
    }

    /// Somebody who waits for deliveries.
    struct Waiter {
        var id: UInt64
        var countMax: Int
        var continuation: CheckedContinuation<[DeliveryRun], Never>
    }

    /// What the keeper task must react to.
    enum Signal: Sendable {
        /// Of the channel with this incarnation.
        case cancelledByBroker(UInt64)
        /// The channel with this incarnation.
        case channelClosed(AMQPError, UInt64)
        case stop
    }

    struct State {
        var channel: Channel?
        var incarnation: UInt64 = 0
        var settlement = SettlementMachine()
        var buffer = DeliveryBuffer()
        /// Taken by iterators and maybe not handed out yet.
        var taken: [TakenBatch] = []
        var waiters: [Waiter] = []
        var nextWaiter: UInt64 = 0
        /// The subscription is ending: deliveries still coming are given back.
        var isStopping = false
        /// What was not handed out has gone back; nothing may be handed out any more.
        var hasGivenBack = false
        /// What came while the subscription was ending and went back at once.
        var lateCount = 0
        /// Nothing comes any more.
        var isEnded = false
        /// The I/O thread looks at held acks by itself.
        var isTimerArmed = false
        /// When it looks at the latest.
        var lookAt = UInt64.max
        var isTouched = false
        var heldSince: UInt64?
        var arrivedSinceBatch = 0
        /// Acks that the metrics do not know.
        var ackedSinceBatch = 0
        /// What this consumer has added to the gauge of unsettled deliveries.
        var reportedUnsettled = 0
        /// Settled once the subscription has ended and nothing that was handed out is open.
        let settled = Promise<Void>()
        /// Somebody closes the channel.
        var isEnding = false
        /// What was open when the channel was lost after the subscription had ended.
        var lostWhileStopping = 0
        var keeper: Task<Void, Never>?
    }

    let core: ConnectionCore
    let queue: String
    let options: ConsumerOptions
    let tag: String
    let member: UInt64
    let state = Lock(State())
    /// The incarnation whose deliveries can still be settled, readable without the lock; 0 for none.
    let currentIncarnation = Atomic<UInt64>(0)
    let firstOpen = Promise<Void>()
    /// Settled once its keeper task does nothing more.
    let keeperEnd = Promise<Void>()
    let signals: AsyncStream<Signal>
    let signal: AsyncStream<Signal>.Continuation

    init(_ core: ConnectionCore, queue: String, _ options: ConsumerOptions) {
        self.core = core
        self.queue = queue
        self.options = options
        member = core.join("consumer of \(queue)")
        tag = options.tag.isEmpty ? "\(core.configuration.name)-\(member)" : options.tag
        (signals, signal) = AsyncStream<Signal>.makeStream()
    }

    /// How many acks are worth a frame before the ack delay is over: a third of what the broker holds back for them. A quarter
    /// is dearer for the broker, and with a half the consumer waits for it.
    var ackBatchCount: Int { max(1, min(128, Int(options.prefetchCount) / 3)) }

    // MARK: Taking

    /// How many deliveries one iterator takes at a time, so that few of them meet the lock and several tasks that iterate
    /// still share what is there.
    var iteratorBatchCount: Int { max(1, min(64, Int(options.prefetchCount) / 8)) }

    /// Whether the delivery's channel is still open.
    func isCurrent(_ delivery: Delivery) -> Bool {
        currentIncarnation.load(ordering: .relaxed) == delivery.incarnation
    }

    /// What an iterator hands out next; nil once the consumer has ended.
    func nextTaken(after finished: TakenBatch?) async -> TakenBatch? {
        let runs = await nextRuns(countMax: iteratorBatchCount)
        let taken = TakenBatch(runs)
        return state.withLock { state in
            if let finished { state.taken.removeAll { $0 === finished } }
            guard !runs.isEmpty else { return nil }
            guard !state.hasGivenBack else {
                requeue(runs, &state)
                return nil
            }
            state.taken.append(taken)
            return taken
        }
    }

    /// Takes back what an iterator did not hand out, to the front: somebody else gets it, or it goes back to the queue.
    func putBack(_ taken: TakenBatch) {
        let handedOver = state.withLock { state -> [(Waiter, [DeliveryRun])] in
            state.taken.removeAll { $0 === taken }
            let runs = taken.claimRest()
            if state.hasGivenBack {
                requeue(runs, &state)
                return []
            }
            state.buffer.putBack(runs.filter { $0.incarnation == state.incarnation && state.channel != nil })
            return Self.serveWaiters(&state)
        }
        for (waiter, runs) in handedOver { waiter.continuation.resume(returning: runs) }
    }

    private static func serveWaiters(_ state: inout State) -> [(Waiter, [DeliveryRun])] {
        var handedOver: [(Waiter, [DeliveryRun])] = []
        while !state.waiters.isEmpty, let runs = state.buffer.take(state.waiters[0].countMax) {
            handedOver.append((state.waiters.removeFirst(), runs))
        }
        return handedOver
    }

    /// Waits for deliveries and takes at most so many; none once the consumer has ended.
    func nextRuns(countMax: Int) async -> [DeliveryRun] {
        let (ready, id) = state.withLock { state -> ([DeliveryRun]?, UInt64) in
            if !Task.isCancelled, let runs = state.buffer.take(countMax) { return (runs, 0) }
            state.nextWaiter += 1
            return (nil, state.nextWaiter)
        }
        if let ready { return ready }
        if Task.isCancelled {
            await cancelFromIteration()
            return []
        }
        let runs = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let ready = state.withLock { state -> [DeliveryRun]? in
                    // Set before the cancellation handler runs, so a cancel is seen here or finds the waiter there.
                    if Task.isCancelled || state.isEnded { return [] }
                    if let runs = state.buffer.take(countMax) { return runs }
                    state.waiters.append(Waiter(id: id, countMax: countMax, continuation: continuation))
                    return nil
                }
                if let ready { continuation.resume(returning: ready) }
            }
        } onCancel: {
            stopWaiting(id)
        }
        if runs.isEmpty, Task.isCancelled { await cancelFromIteration() }
        return runs
    }

    func stopWaiting(_ id: UInt64) {
        let waiter = state.withLock { state -> Waiter? in
            guard let index = state.waiters.firstIndex(where: { $0.id == id }) else { return nil }
            return state.waiters.remove(at: index)
        }
        waiter?.continuation.resume(returning: [])
    }

    /// Gives back what is in the buffer and what iterators have taken and not handed out.
    ///
    /// - Returns: how many deliveries went back to the queue.
    func giveBack() -> Int {
        state.withLock { state in
            state.hasGivenBack = true
            var runs = state.taken.flatMap { $0.claimRest() }
            state.taken = []
            runs += state.buffer.take(.max) ?? []
            return requeue(runs, &state) + state.lateCount
        }
    }

    /// - Returns: how many of them belong to the open channel and went back to the queue.
    @discardableResult
    private func requeue(_ runs: [DeliveryRun], _ state: inout State) -> Int {
        let current = runs.filter { $0.incarnation == state.incarnation && state.channel != nil }.deliveries
        for delivery in current { apply(.nack(requeue: true), to: delivery, &state) }
        return current.count
    }

    // MARK: The I/O thread

    func received(_ method: InboundMethod) {
        guard case .basicCancel = method else { return }
        signal.yield(.cancelledByBroker(state.withLock { $0.incarnation }))
    }

    func returned(_ content: ContentAssembler.Content) {}

    private func take(_ contents: consuming [ContentAssembler.Content], _ state: inout State) {
        let batch = DeliveryBatch(contents, incarnation: state.incarnation, of: self)
        for index in batch.contents.indices {
            guard let tag = batch.contents[index].head.deliveryTag, state.settlement.delivered(tag) else { continue }
            if batch.contents[index].isOversized {
                apply(.reject(requeue: false), to: Delivery(at: index, of: batch), &state)
                core.metrics.oversized.add(1)
                core.events.send(
                    .oversizedRejected(queue: queue, byteCount: batch.contents[index].announcedByteCount))
            } else if state.isStopping {
                apply(.nack(requeue: true), to: Delivery(at: index, of: batch), &state)
                state.lateCount += 1
            } else {
                state.buffer.append(index, of: batch)
            }
        }
    }

    func blocked(_ isBlocked: Bool) {}

    func endOfBatch(_ deliveries: inout [ContentAssembler.Content], now: UInt64) -> UInt64 {
        var handedOver: [(Waiter, [DeliveryRun])] = []
        let wakeAt = state.withLock { state -> UInt64 in
            state.arrivedSinceBatch += deliveries.count
            if !deliveries.isEmpty { take(exchange(&deliveries, with: []), &state) }
            handedOver = Self.serveWaiters(&state)
            if state.arrivedSinceBatch > 0 { core.metrics.delivered.add(state.arrivedSinceBatch) }
            let wakeAt = flush(&state, now)
            reportUnsettled(&state)
            return wakeAt
        }
        for (waiter, runs) in handedOver { waiter.continuation.resume(returning: runs) }
        return wakeAt
    }

    func reportUnsettled(_ state: inout State) {
        core.metrics.unsettled.add(state.settlement.openCount - state.reportedUnsettled)
        state.reportedUnsettled = state.settlement.openCount
    }

    func closed(_ error: AMQPError, withLink: Bool) {
        let (incarnation, settled) = state.withLock { state in
            state.channel = nil
            currentIncarnation.store(0, ordering: .relaxed)
            if state.isStopping { state.lostWhileStopping += state.settlement.openCount - state.buffer.count }
            // The broker delivers again what was not handed out.
            state.buffer.removeAll()
            state.isTimerArmed = false
            state.isTouched = false
            state.heldSince = nil
            countAcks(&state)
            state.settlement.reset()
            reportUnsettled(&state)
            return (state.incarnation, state.isStopping ? state.settled : nil)
        }
        settled?.settle(.success(()))
        if error.replyCode != nil, !withLink {
            core.metrics.channelsClosedByBroker.add(1)
            core.events.send(.channelClosed(owner: "consumer of \(queue)", error))
        }
        signal.yield(.channelClosed(error, incarnation))
    }
}
