import Telemetry

/// Runs one subscription: buffers deliveries for those who iterate, and settles them through a `SettlementMachine`.
final class ConsumerShell: ChannelHandler {
    /// What a drain found.
    struct Drained: Sendable {
        var givenBack: Int
        var unsettled: Int
    }

    /// Somebody who waits for deliveries.
    private struct Waiter {
        var id: UInt64
        var countMax: Int
        var continuation: CheckedContinuation<[Delivery], Never>
    }

    /// What the keeper task must react to.
    private enum Signal: Sendable {
        /// Of the channel with this incarnation.
        case cancelledByBroker(UInt64)
        /// The channel with this incarnation.
        case channelClosed(AMQPError, UInt64)
        case stop
    }

    private struct State {
        var channel: Channel?
        var incarnation: UInt64 = 0
        var settlement = SettlementMachine()
        var buffer: [Delivery] = []
        var bufferHead = 0
        var waiters: [Waiter] = []
        var nextWaiter: UInt64 = 0
        /// The subscription is ending: deliveries still coming are given back.
        var isStopping = false
        /// Nothing comes any more.
        var isEnded = false
        /// The I/O thread looks at held acks by itself.
        var isTimerArmed = false
        var isTouched = false
        var heldSince: UInt64?
        var arrivedSinceBatch = 0
        /// What this consumer has added to the gauge of unsettled deliveries.
        var reportedUnsettled = 0
        var settled: Promise<Void>?
        var keeper: Task<Void, Never>?

        var bufferedCount: Int { buffer.count - bufferHead }
    }

    private let core: ConnectionCore
    private let queue: String
    private let options: ConsumerOptions
    private let tag: String
    private let member: UInt64
    private let state = Lock(State())
    private let firstOpen = Promise<Void>()
    private let signals: AsyncStream<Signal>
    private let signal: AsyncStream<Signal>.Continuation

    init(_ core: ConnectionCore, queue: String, _ options: ConsumerOptions) {
        self.core = core
        self.queue = queue
        self.options = options
        member = core.join("consumer of \(queue)")
        tag = options.tag.isEmpty ? "\(core.configuration.name)-\(member)" : options.tag
        (signals, signal) = AsyncStream<Signal>.makeStream()
    }

    private var ackBatchCount: Int { max(1, min(32, Int(options.prefetchCount) / 2)) }

    // MARK: Life

    func start() async throws(AMQPError) {
        try ShortString.check(tag, "the consumer's tag")
        guard options.prefetchCount > 0 else {
            throw AMQPError(.invalidArgument, "a prefetch count of 0 has no bound; give one from 1 to 65535")
        }
        let task = Task { await keep() }
        state.withLock { $0.keeper = task }
        do {
            try await firstOpen.value(
                within: core.configuration.openTimeout, orTimeOut: "the subscription to \(queue) was not made in time")
        } catch {
            abandon()
            throw error
        }
    }

    func abandon() {
        Task { [self] in _ = await cancel(within: .zero) }
    }

    /// Stops the subscription in order: cancel, give back, wait for what is out, close.
    func cancel(within limit: Duration) async -> Drained {
        let (channel, alreadyStopping, keeper) = state.withLock { state in
            defer { state.isStopping = true }
            return (state.channel, state.isStopping, state.keeper)
        }
        guard !alreadyStopping else {
            await keeper?.value
            return Drained(givenBack: 0, unsettled: 0)
        }
        if let channel { _ = try? await channel.call(.basicCancel(tag: tag)) }
        let givenBack = giveBackBuffer()
        await waitUntilSettled(limit)
        let (unsettled, waiters) = state.withLock { state in
            state.isEnded = true
            defer { state.waiters = [] }
            return (state.settlement.openCount, state.waiters)
        }
        for waiter in waiters { waiter.continuation.resume(returning: []) }
        flushBeforeClose()
        signal.yield(.stop)
        keeper?.cancel()
        await keeper?.value
        await state.withLock({ $0.channel })?.close()
        core.leave(member)
        return Drained(givenBack: givenBack, unsettled: unsettled)
    }

    private func waitUntilSettled(_ limit: Duration) async {
        let settled = state.withLock { state -> Promise<Void>? in
            guard state.settlement.openCount > 0, limit > .zero else { return nil }
            let settled = Promise<Void>()
            state.settled = settled
            return settled
        }
        try? await settled?.value(within: limit, orTimeOut: "deliveries are not settled")
    }

    /// Subscribes again whenever the subscription is gone, until the consumer ends.
    private func keep() async {
        var backoff = Backoff(initial: .milliseconds(100), maximum: .seconds(5))
        var signals = signals.makeAsyncIterator()
        while !Task.isCancelled, !state.withLock({ $0.isStopping }) {
            var generation: UInt64 = 0
            do throws(AMQPError) {
                let link = try await core.link()
                generation = link.generation
                let channel = try await openChannel(on: link)
                guard try await serve(channel, generation: generation, &backoff, &signals) else { return ended() }
            } catch {
                if error.code == .closed || error.code == .cancelled {
                    firstOpen.settle(.failure(error))
                    return ended()
                }
                if !error.isRetriable { firstOpen.settle(.failure(error)) }
                await pause(after: error, generation: generation, &backoff)
            }
        }
        ended()
    }

    private func pause(after error: AMQPError, generation: UInt64, _ backoff: inout Backoff) async {
        core.report(member, generation: generation, isUp: false)
        let pause = backoff.next(draw: Double.random(in: 0.5...1))
        core.events.send(.consumerFailed(queue: queue, error, retryIn: pause))
        try? await Task.sleep(for: pause)
    }

    private func openChannel(on link: Link) async throws(AMQPError) -> Channel {
        state.withLock { state in
            state.incarnation += 1
            state.settlement.reset()
        }
        let channel = try await link.openChannel(self)
        state.withLock { $0.channel = channel }
        _ = try await channel.call(.basicQos(prefetchCount: options.prefetchCount))
        return channel
    }

    /// Subscribes on an open channel and stays until it is gone.
    ///
    /// - Returns: false once the consumer is to end.
    private func serve(
        _ channel: Channel, generation: UInt64, _ backoff: inout Backoff,
        _ signals: inout AsyncStream<Signal>.Iterator
    ) async throws(AMQPError) -> Bool {
        let incarnation = state.withLock { $0.incarnation }
        while true {
            _ = try await channel.call(
                .basicConsume(queue: queue, tag: tag, exclusive: options.isExclusive, options.arguments))
            firstOpen.settle(.success(()))
            core.metrics.consumersUp.add(1)
            defer { core.metrics.consumersUp.add(-1) }
            core.events.send(.consumerUp(queue: queue))
            core.report(member, generation: generation, isUp: true)
            backoff.reset()
            switch await Self.nextSignal(of: incarnation, &signals) {
            case .cancelledByBroker:
                core.metrics.consumersCancelled.add(1)
                core.events.send(.consumerCancelled(queue: queue))
                try? await Task.sleep(for: backoff.next(draw: Double.random(in: 0.5...1)))
            case .channelClosed(let error, _):
                return !(error.code == .closed && core.isClosing)
            case .stop:
                return false
            }
        }
    }

    /// The next signal that concerns this incarnation; those of earlier channels come too late to matter.
    private static func nextSignal(
        of incarnation: UInt64, _ signals: inout AsyncStream<Signal>.Iterator
    ) async -> Signal {
        while let signal = await signals.next(isolation: nil) {
            switch signal {
            case .cancelledByBroker(let origin), .channelClosed(_, let origin):
                if origin == incarnation { return signal }
            case .stop:
                return signal
            }
        }
        return .stop
    }

    /// Nothing will come any more: everybody who waits is told.
    private func ended() {
        let waiters = state.withLock { state in
            state.isEnded = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.continuation.resume(returning: []) }
    }

    // MARK: Taking

    func next() async -> Delivery? {
        await nextBatch(countMax: 1).first
    }

    func nextBatch(countMax: Int) async -> [Delivery] {
        let (ready, id) = state.withLock { state -> ([Delivery]?, UInt64) in
            if !Task.isCancelled, let batch = Self.take(countMax, from: &state) { return (batch, 0) }
            state.nextWaiter += 1
            return (nil, state.nextWaiter)
        }
        if let ready { return ready }
        if Task.isCancelled {
            await cancelFromIteration()
            return []
        }
        let batch = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let ready = state.withLock { state -> [Delivery]? in
                    // Set before the cancellation handler runs, so a cancel is seen here or finds the waiter there.
                    if Task.isCancelled || state.isEnded { return [] }
                    if let batch = Self.take(countMax, from: &state) { return batch }
                    state.waiters.append(Waiter(id: id, countMax: countMax, continuation: continuation))
                    return nil
                }
                if let ready { continuation.resume(returning: ready) }
            }
        } onCancel: {
            stopWaiting(id)
        }
        if batch.isEmpty, Task.isCancelled { await cancelFromIteration() }
        return batch
    }

    /// The iterating task was cancelled: the subscription ends, what was handed out can still be settled for a while.
    private func cancelFromIteration() async {
        // A task of its own, for the waits of an orderly end would fail at once in a cancelled one.
        await Task { [self] in _ = await cancel(within: .zero) }.value
    }

    private func stopWaiting(_ id: UInt64) {
        let waiter = state.withLock { state -> Waiter? in
            guard let index = state.waiters.firstIndex(where: { $0.id == id }) else { return nil }
            return state.waiters.remove(at: index)
        }
        waiter?.continuation.resume(returning: [])
    }

    private static func take(_ countMax: Int, from state: inout State) -> [Delivery]? {
        guard state.bufferedCount > 0 else { return nil }
        let count = min(max(countMax, 1), state.bufferedCount)
        let batch = Array(state.buffer[state.bufferHead..<(state.bufferHead + count)])
        state.bufferHead += count
        if state.bufferHead == state.buffer.count {
            state.buffer.removeAll(keepingCapacity: true)
            state.bufferHead = 0
        } else if state.bufferHead >= 512 {
            state.buffer.removeSubrange(0..<state.bufferHead)
            state.bufferHead = 0
        }
        return batch
    }

    /// - Returns: how many deliveries went back to the queue.
    private func giveBackBuffer() -> Int {
        state.withLock { state in
            var count = 0
            while let batch = Self.take(.max, from: &state) {
                for delivery in batch {
                    count += 1
                    apply(.nack(requeue: true), to: delivery, &state)
                }
            }
            return count
        }
    }

    // MARK: Settling

    func settle(_ delivery: Delivery, _ decision: SettlementMachine.Decision) {
        let settled = state.withLock { state -> Promise<Void>? in
            apply(decision, to: delivery, &state)
            return state.settlement.openCount == 0 ? state.settled : nil
        }
        settled?.settle(.success(()))
    }

    private func apply(_ decision: SettlementMachine.Decision, to delivery: Delivery, _ state: inout State) {
        guard delivery.incarnation == state.incarnation, let channel = state.channel else {
            core.metrics.staleSettlements.add(1)
            return
        }
        let result = state.settlement.settle(delivery.tag, decision)
        guard result.accepted else {
            core.metrics.staleSettlements.add(1)
            return
        }
        if let method = result.method {
            core.metrics.refused.add(1)
            try? channel.link.mailbox.post { contents throws(AMQPError) in
                try contents.writer.write(method, on: channel.number)
            }
            return
        }
        core.metrics.acked.add(1)
        // Acks join their neighbours: the I/O thread looks after the ack delay, or when enough of them wait.
        let isDue = !state.isTimerArmed || state.settlement.heldCount >= ackBatchCount
        if isDue, !state.isTouched {
            state.isTouched = true
            channel.touch()
        }
    }

    /// Writes every held ack, as before the channel closes.
    private func flushBeforeClose() {
        state.withLock { state in
            if let channel = state.channel { writeAcks(&state, on: channel, includingGaps: true) }
        }
    }

    private func writeAcks(_ state: inout State, on channel: Channel, includingGaps: Bool) {
        guard state.settlement.heldCount > 0 else { return }
        var frames = 0
        // A link that has ended takes no acks; the broker delivers again.
        try? channel.link.mailbox.post { contents throws(AMQPError) in
            var failure: AMQPError?
            state.settlement.flush(includingGaps: includingGaps) { tag, multiple in
                frames += 1
                do throws(AMQPError) {
                    try contents.writer.write(.basicAck(tag: tag, multiple: multiple), on: channel.number)
                } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
        }
        core.metrics.ackFrames.add(frames)
    }

    // MARK: The I/O thread

    func received(_ method: InboundMethod) {
        guard case .basicCancel = method else { return }
        signal.yield(.cancelledByBroker(state.withLock { $0.incarnation }))
    }

    func received(_ content: ContentAssembler.Content) {
        guard case .delivery(let head) = content.head else { return }
        state.withLock { state in
            guard state.settlement.delivered(head.tag) else { return }
            let delivery = Delivery(
                exchange: head.exchange, routingKey: head.routingKey, isRedelivered: head.redelivered,
                body: content.body, encodedProperties: content.properties, tag: head.tag,
                incarnation: state.incarnation, shell: self)
            state.arrivedSinceBatch += 1
            if content.isOversized {
                apply(.reject(requeue: false), to: delivery, &state)
                core.metrics.oversized.add(1)
                core.events.send(.oversizedRejected(queue: queue, byteCount: content.announcedByteCount))
            } else if state.isStopping {
                apply(.nack(requeue: true), to: delivery, &state)
            } else {
                state.buffer.append(delivery)
            }
        }
    }

    func blocked(_ isBlocked: Bool) {}

    func endOfBatch(now: UInt64) -> UInt64 {
        var handedOver: [(Waiter, [Delivery])] = []
        let wakeAt = state.withLock { state -> UInt64 in
            while !state.waiters.isEmpty, let batch = Self.take(state.waiters[0].countMax, from: &state) {
                handedOver.append((state.waiters.removeFirst(), batch))
            }
            if state.arrivedSinceBatch > 0 { core.metrics.delivered.add(state.arrivedSinceBatch) }
            let wakeAt = flush(&state, now)
            reportUnsettled(&state)
            return wakeAt
        }
        for (waiter, batch) in handedOver { waiter.continuation.resume(returning: batch) }
        return wakeAt
    }

    /// Writes the acks that are due, and says when to look again.
    private func flush(_ state: inout State, _ now: UInt64) -> UInt64 {
        let delay = options.ackDelay.nanoseconds
        let arrived = state.arrivedSinceBatch
        state.arrivedSinceBatch = 0
        state.isTouched = false
        if let channel = state.channel, state.settlement.heldCount > 0 {
            let heldSince = state.heldSince ?? now
            // A gap holds acks back for one delay, or until half of the prefetch window waits behind it.
            let gapsAreDue =
                now >= heldSince + delay || state.settlement.heldCount * 2 >= max(1, Int(options.prefetchCount))
            writeAcks(&state, on: channel, includingGaps: gapsAreDue)
            state.heldSince = state.settlement.heldCount > 0 ? heldSince : nil
        }
        state.isTimerArmed = arrived > 0 || state.settlement.heldCount > 0
        return state.isTimerArmed ? now + delay : .max
    }

    private func reportUnsettled(_ state: inout State) {
        core.metrics.unsettled.add(state.settlement.openCount - state.reportedUnsettled)
        state.reportedUnsettled = state.settlement.openCount
    }

    func closed(_ error: AMQPError) {
        let (incarnation, settled) = state.withLock { state in
            state.channel = nil
            // The broker delivers again what was not handed out.
            state.buffer.removeAll()
            state.bufferHead = 0
            state.isTimerArmed = false
            state.isTouched = false
            state.heldSince = nil
            state.settlement.reset()
            reportUnsettled(&state)
            return (state.incarnation, state.settled)
        }
        settled?.settle(.success(()))
        if error.replyCode != nil, error.code != .connectionClosed {
            core.metrics.channelsClosedByBroker.add(1)
            core.events.send(.channelClosed(owner: "consumer of \(queue)", error))
        }
        signal.yield(.channelClosed(error, incarnation))
    }
}
