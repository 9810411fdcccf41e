import Telemetry

extension PublisherShell {
    func start() async throws(AMQPError) {
        let task = Task { await keep() }
        state.withLock { $0.keeper = task }
        try await firstOpen.value(
            within: core.configuration.openTimeout, orTimeOut: "the publisher's channel was not opened in time")
    }

    func close(within limit: Duration) async -> Int {
        let idle = state.withLock { state -> Promise<Void>? in
            guard !state.machine.isIdle else { return nil }
            let idle = state.idle ?? Promise<Void>()
            state.idle = idle
            return idle
        }
        if let idle { try? await idle.value(within: limit, orTimeOut: "confirms are missing") }
        return await end()
    }

    /// Ends without waiting for confirms.
    func abandon() {
        Task { [self] in _ = await end() }
    }

    private func end() async -> Int {
        let error = AMQPError(.closed, "the publisher is closed")
        let (completed, channel, keeper) = state.withLock { state in
            let result = (state.machine.close(error), state.channel, state.keeper)
            state.channel = nil
            reportUnconfirmed(&state)
            return result
        }
        keeper?.cancel()
        complete(completed)
        core.leave(member)
        await channel?.close()
        return completed.count
    }

    /// Opens the channel again whenever it is gone, until the publisher ends.
    private func keep() async {
        var backoff = Backoff(initial: .milliseconds(50), maximum: .seconds(1))
        while !Task.isCancelled {
            do {
                let end = try await openChannel()
                backoff.reset()
                _ = try await end.value()
            } catch {
                let isRefusedAtFirst = !error.isRetriable && firstOpen.settle(.failure(error))
                // Nobody opens a channel again: what waits for one, and what comes, is told.
                if isRefusedAtFirst || error.code == .closed || error.code == .cancelled {
                    return complete(state.withLock { $0.machine.close(error) })
                }
                expireWaiting()
                try? await Task.sleep(for: backoff.next(draw: Double.random(in: 0...1)))
            }
        }
    }

    private func openChannel() async throws(AMQPError) -> Promise<AMQPError> {
        let link = try await linkWhileExpiring()
        let end = Promise<AMQPError>()
        state.withLock { $0.channelEnd = end }
        do throws(AMQPError) {
            let channel = try await link.openChannel(self)
            _ = try await channel.call(.confirmSelect)
            guard attach(channel) else {
                await channel.close()
                throw AMQPError(.closed, "the publisher is closed")
            }
            firstOpen.settle(.success(()))
            core.report(member, generation: link.generation, isUp: true)
            return end
        } catch {
            core.report(member, generation: link.generation, isUp: false)
            throw error
        }
    }

    /// Waits for a link; meanwhile what waits too long is given up, which nobody else would do.
    private func linkWhileExpiring() async throws(AMQPError) -> Link {
        let expiry = Task {
            while !Task.isCancelled {
                try await Task.sleep(for: .milliseconds(100))
                expireWaiting()
            }
        }
        defer { expiry.cancel() }
        return try await core.link()
    }

    private func expireWaiting() {
        let (expired, idle) = state.withLock { state in
            (state.machine.expire(now: MonotonicClock.now(), abandoned: .abandoned), state.idleIfIdle)
        }
        tell(expired)
        idle?.settle(.success(()))
    }

    /// - Returns: false where the publisher was closed meanwhile.
    private func attach(_ channel: Channel) -> Bool {
        let refused = state.withLock { state -> [Machine.Pending]? in
            guard !state.machine.isClosed else { return nil }
            state.channel = channel
            state.isTimerArmed = false
            state.machine.attached(blocked: state.isBlocked)
            return pump(&state)
        }
        guard let refused else { return false }
        complete(refused)
        return true
    }
}
