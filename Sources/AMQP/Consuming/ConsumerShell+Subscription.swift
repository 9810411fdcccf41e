import Synchronization
import Telemetry

extension ConsumerShell {
    /// How long a consumer that nobody closes waits for what it handed out. Then the broker delivers it again.
    private static let lateSettlementLimit = Duration.seconds(25)

    private var subscription: OutboundMethod {
        .basicConsume(queue: queue, tag: tag, exclusive: options.isExclusive, options.arguments)
    }

    func start() async throws(AMQPError) {
        try subscription.checkLimits()
        guard options.prefetchCount > 0 else {
            throw AMQPError(.invalidArgument, "a prefetch count of 0 has no bound; give one from 1 to 65535")
        }
        let task = Task {
            await keep()
            keeperEnd.settle(.success(()))
        }
        state.withLock { $0.keeper = task }
        do {
            try await firstOpen.value(
                within: core.configuration.openTimeout, orTimeOut: "the subscription to \(queue) was not made in time")
        } catch {
            abandon()
            throw error
        }
    }

    /// The owner has let go: as an orderly end, but nobody waits for it.
    func abandon() {
        Task { [self] in _ = await cancel(within: Self.lateSettlementLimit) }
    }

    /// The iterating task was cancelled: the subscription ends, what was handed out can still be settled.
    func cancelFromIteration() async {
        // A task of its own, for the waits of an orderly end would fail at once in a cancelled one.
        await Task { [self] in _ = await stop(within: core.configuration.requestTimeout) }.value
        abandon()
    }

    /// Stops the subscription in order: cancel, give back, wait for what is out, close.
    ///
    /// Whoever comes a second time waits no longer than its own limit, too. A broker that does not answer is waited for at
    /// most `Channel.goodbyeLimit` longer.
    func cancel(within limit: Duration) async -> Drained {
        let deadline = ContinuousClock.now + limit
        var untilGoodbye: Duration { ContinuousClock.now.duration(to: deadline) + Channel.goodbyeLimit }
        let givenBack = await stop(within: untilGoodbye)
        let (settled, keeper) = state.withLock { ($0.settlement.openCount == 0 ? nil : $0.settled, $0.keeper) }
        let remaining = ContinuousClock.now.duration(to: deadline)
        if remaining > .zero { try? await settled?.value(within: remaining, orTimeOut: "deliveries are not settled") }
        let unsettled = state.withLock { state -> Int? in
            defer { state.isEnding = true }
            return state.isEnding ? nil : state.settlement.openCount + state.lostWhileStopping
        }
        guard let unsettled else {
            await waitForKeeper(within: untilGoodbye)
            // The first may not have come so far; whoever waits here may end the connection next, and the acks with it.
            await leaveChannel()?.close(within: untilGoodbye)
            return Drained(givenBack: givenBack, unsettled: 0)
        }
        signal.yield(.stop)
        keeper?.cancel()
        await waitForKeeper(within: untilGoodbye)
        await leaveChannel()?.close(within: untilGoodbye)
        core.leave(member)
        return Drained(givenBack: givenBack, unsettled: unsettled)
    }

    /// A channel that it is opening just now it closes itself.
    private func waitForKeeper(within limit: Duration) async {
        guard state.withLock({ $0.keeper }) != nil else { return }
        // In a task of its own, for in a cancelled one there is no wait.
        await Task { try? await keeperEnd.value(within: limit, orTimeOut: "the broker does not answer") }.value
    }

    /// Whether it has ended or is being ended, and needs nobody's care.
    var isOver: Bool { state.withLock { $0.isEnding } }

    /// Ends the subscription, gives back what nobody took, and tells those who wait for more.
    ///
    /// - Returns: how many deliveries went back.
    private func stop(within limit: Duration) async -> Int {
        let (channel, isFirst) = state.withLock { state in
            defer { state.isStopping = true }
            return (state.channel, !state.isStopping)
        }
        guard isFirst else { return 0 }
        if let channel { _ = try? await channel.call(.basicCancel(tag: tag), within: limit) }
        let givenBack = giveBack()
        ended()
        return givenBack
    }

    /// Writes what is still to be said on the channel. After it nothing more is: a frame behind `channel.close` would cost
    /// the whole connection.
    private func leaveChannel() -> Channel? {
        state.withLock { state in
            guard let channel = state.channel else { return nil }
            writeAcks(&state, on: channel, includingGaps: true)
            state.channel = nil
            currentIncarnation.store(0, ordering: .relaxed)
            return channel
        }
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
                let isRefusedAtFirst = !error.isRetriable && firstOpen.settle(.failure(error))
                if isRefusedAtFirst || error.code == .closed || error.code == .cancelled { return ended() }
                await pause(after: error, generation: generation, &backoff)
            }
        }
        ended()
    }

    private func pause(after error: AMQPError, generation: UInt64, _ backoff: inout Backoff) async {
        core.report(member, generation: generation, isUp: false)
        let pause = backoff.next(draw: Double.random(in: 0...1))
        core.events.send(.consumerFailed(queue: queue, error, retryIn: pause))
        try? await Task.sleep(for: pause)
    }

    private func openChannel(on link: Link) async throws(AMQPError) -> Channel {
        state.withLock { state in
            state.incarnation += 1
            state.settlement.reset()
        }
        let channel = try await link.openChannel(self)
        let isWanted = state.withLock { state in
            guard !state.isEnding else { return false }
            state.channel = channel
            currentIncarnation.store(state.incarnation, ordering: .relaxed)
            return true
        }
        guard isWanted else {
            await channel.close()
            throw AMQPError(.closed, "the consumer is closed")
        }
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
            if state.withLock({ $0.isStopping }) { return false }
            _ = try await channel.call(subscription)
            // Who stopped it meanwhile may have cancelled before.
            if state.withLock({ $0.isStopping }) { _ = try await channel.call(.basicCancel(tag: tag)) }
            core.metrics.consumersUp.add(1)
            defer { core.metrics.consumersUp.add(-1) }
            firstOpen.settle(.success(()))
            core.events.send(.consumerUp(queue: queue))
            core.report(member, generation: generation, isUp: true)
            backoff.reset()
            switch await Self.nextSignal(of: incarnation, &signals) {
            case .cancelledByBroker:
                core.metrics.consumersCancelled.add(1)
                core.events.send(.consumerCancelled(queue: queue))
                try? await Task.sleep(for: backoff.next(draw: Double.random(in: 0...1)))
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
}
