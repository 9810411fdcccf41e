import Synchronization
import Telemetry

extension ConsumerShell {
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
        state.withLock { state in
            state.channel = channel
            currentIncarnation.store(state.incarnation, ordering: .relaxed)
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
}
