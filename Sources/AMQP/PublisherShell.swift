import Telemetry

/// Runs a `PublishMachine`: takes the lock for one step, performs what it says, and tells waiters outside the lock.
final class PublisherShell: ChannelHandler {
    /// Who waits for one outcome.
    enum Waiter: Sendable {
        case single(CheckedContinuation<PublishOutcome, Never>)
        case batch(PublishBatch, index: Int)
        /// Nobody any more.
        case abandoned
    }

    private typealias Machine = PublishMachine<Waiter>

    private struct State {
        var machine: Machine
        var channel: Channel?
        var nextID: UInt64 = 0
        var completions: [Machine.Completion] = []
        /// The I/O thread will look at the deadlines by itself.
        var isTimerArmed = false
        var isBlocked = false
        /// What this publisher has added to the gauge of unconfirmed publishes.
        var reportedUnconfirmed = 0
        /// Settled when the channel of this incarnation ends.
        var channelEnd = Promise<AMQPError>()
        var idle: Promise<Void>?
        var keeper: Task<Void, Never>?
    }

    private let core: ConnectionCore
    private let options: PublisherOptions
    private let state: Lock<State>
    private let firstOpen = Promise<Void>()
    private let name: String
    private let member: UInt64

    init(_ core: ConnectionCore, _ options: PublisherOptions) {
        self.core = core
        self.options = options
        let window = Machine.Window(countMax: options.windowCountMax, byteCountMax: options.windowByteCountMax)
        state = Lock(State(machine: Machine(window: window, timeout: options.timeout.nanoseconds)))
        member = core.join("publisher")
        name = "publisher \(member)"
    }

    // MARK: Life

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
        let (completions, channel, keeper) = state.withLock { state in
            let result = (state.machine.close(error), state.channel, state.keeper)
            state.channel = nil
            reportUnconfirmed(&state)
            return result
        }
        keeper?.cancel()
        complete(completions)
        core.leave(member)
        await channel?.close()
        return completions.count
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
                if error.code == .closed || error.code == .cancelled { return firstOpen.settle(.failure(error)) }
                expireWaiting()
                try? await Task.sleep(for: backoff.next(draw: Double.random(in: 0.5...1)))
            }
        }
    }

    private func openChannel() async throws(AMQPError) -> Promise<AMQPError> {
        let link = try await linkWhileExpiring()
        let end = Promise<AMQPError>()
        state.withLock { $0.channelEnd = end }
        do {
            let channel = try await link.openChannel(self)
            _ = try await channel.call(.confirmSelect)
            attach(channel)
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
        let completions = state.withLock { $0.machine.expire(now: MonotonicClock.now(), abandoned: .abandoned) }
        complete(completions)
    }

    private func attach(_ channel: Channel) {
        let completions = state.withLock { state -> [Machine.Completion] in
            state.channel = channel
            state.isTimerArmed = false
            state.machine.attached(blocked: state.isBlocked)
            return pump(&state)
        }
        complete(completions)
    }

    // MARK: Publishing

    var unconfirmedCount: Int { state.withLock { $0.machine.pendingCount } }

    func publish(_ publication: Publication) async -> PublishOutcome {
        if let refusal = refusal(of: publication) { return refusal }
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                submit([(publication, id, .single(continuation))])
            }
        } onCancel: {
            cancel(id)
        }
    }

    func publish(_ publications: [Publication]) async -> [PublishOutcome] {
        guard !publications.isEmpty else { return [] }
        let batch = PublishBatch(count: publications.count)
        let firstID = state.withLock { state in
            defer { state.nextID += UInt64(publications.count) }
            return state.nextID + 1
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                batch.start(continuation)
                var accepted: [(Publication, UInt64, Waiter)] = []
                accepted.reserveCapacity(publications.count)
                for (index, publication) in publications.enumerated() {
                    if let refusal = refusal(of: publication) {
                        batch.complete(index, refusal)?.resume()
                    } else {
                        accepted.append((publication, firstID + UInt64(index), .batch(batch, index: index)))
                    }
                }
                submit(accepted)
            }
        } onCancel: {
            for offset in 0..<publications.count { cancel(firstID + UInt64(offset)) }
        }
    }

    private func refusal(of publication: Publication) -> PublishOutcome? {
        do {
            try publication.message.validate(
                bodyByteCountMax: core.configuration.bodyByteCountMax, exchange: publication.exchange,
                routingKey: publication.routingKey)
            return nil
        } catch {
            return .notSent(error)
        }
    }

    private func submit(_ publications: [(Publication, UInt64, Waiter)]) {
        let now = MonotonicClock.now()
        let completions = state.withLock { state -> [Machine.Completion] in
            var refused: [Machine.Completion] = []
            for (publication, id, waiter) in publications {
                let request = request(publication, id, waiter, now)
                // Set before the cancellation handler runs, so a cancel is seen here or finds the request there.
                let error =
                    Task.isCancelled
                    ? AMQPError(.cancelled, "the publishing task was cancelled")
                    : AMQPError(.closed, "the publisher is closed")
                if Task.isCancelled || !state.machine.submit(request) {
                    refused.append(.init(token: waiter, outcome: .notSent(error), submittedAt: now))
                }
            }
            return refused + pump(&state)
        }
        if !completions.isEmpty { complete(completions) }
    }

    private func request(_ publication: Publication, _ id: UInt64, _ waiter: Waiter, _ now: UInt64) -> Machine.Request {
        var message = publication.message
        if message.properties.messageID == nil {
            message.properties.messageID = "\(core.configuration.name)-\(member)-\(id)"
        }
        return Machine.Request(
            id: id, message: message, exchange: publication.exchange, routingKey: publication.routingKey,
            isMandatory: publication.isMandatory, submittedAt: now, token: waiter)
    }

    /// Encodes what the machine lets go, in one visit to the mailbox.
    ///
    /// - Returns: publishes that cannot be encoded.
    private func pump(_ state: inout State) -> [Machine.Completion] {
        guard let channel = state.channel, state.machine.canSend else { return [] }
        var refused: [Machine.Completion] = []
        var sent = 0
        do {
            try channel.link.mailbox.post { contents throws(AMQPError) in
                while let request = state.machine.nextToSend() {
                    do throws(AMQPError) {
                        try contents.writer.writePublish(
                            request.message, exchange: request.exchange, routingKey: request.routingKey,
                            mandatory: request.isMandatory, on: channel.number)
                        sent += 1
                    } catch {
                        state.machine.withdrawLast()
                        refused.append(
                            .init(token: request.token, outcome: .notSent(error), submittedAt: request.submittedAt))
                    }
                }
                if !state.isTimerArmed {
                    state.isTimerArmed = true
                    contents.commands.append(.touch(channel: channel.number))
                }
            }
        } catch {
            // The link has just ended; `closed` follows, and everything waits for the next channel.
            state.channel = nil
            state.machine.paused()
        }
        core.metrics.published.add(sent)
        reportUnconfirmed(&state)
        return refused
    }

    private func reportUnconfirmed(_ state: inout State) {
        core.metrics.unconfirmed.add(state.machine.pendingCount - state.reportedUnconfirmed)
        state.reportedUnconfirmed = state.machine.pendingCount
    }

    private func cancel(_ id: UInt64) {
        var waiter = Waiter.abandoned
        let outcome = state.withLock { state in
            state.machine.cancel(id: id, where: { waiter = $0 }, abandoned: .abandoned)
        }
        if let outcome { tell(waiter, outcome) }
    }

    // MARK: The I/O thread

    func received(_ method: InboundMethod) {
        state.withLock { state in
            switch method {
            case .basicAck(let tag, let multiple):
                _ = state.machine.settled(tag, multiple: multiple, acked: true) { state.completions.append($0) }
            case .basicNack(let tag, let multiple):
                _ = state.machine.settled(tag, multiple: multiple, acked: false) { state.completions.append($0) }
            case .channelFlow(let active):
                if active { state.machine.unblocked() } else { state.machine.blocked() }
            default: break
            }
        }
    }

    func received(_ content: ContentAssembler.Content) {
        guard case .returned(let head) = content.head else { return }
        let messageID = Properties(decoding: content.properties)?.messageID
        state.withLock { _ = $0.machine.returned(head, messageID: messageID) }
        core.events.send(
            .returned(exchange: head.exchange, routingKey: head.routingKey, code: head.code, reason: head.text))
    }

    func blocked(_ isBlocked: Bool) {
        state.withLock { state in
            state.isBlocked = isBlocked
            if isBlocked { state.machine.blocked() } else { state.machine.unblocked() }
        }
    }

    func endOfBatch(now: UInt64) -> UInt64 {
        let (completions, deadline, idle) = state.withLock { state in
            var completions = state.completions
            state.completions.removeAll(keepingCapacity: true)
            completions += state.machine.expire(now: now, abandoned: .abandoned)
            completions += pump(&state)
            let deadline = state.machine.nextDeadline
            state.isTimerArmed = deadline != nil
            reportUnconfirmed(&state)
            let idle = state.machine.isIdle ? state.idle : nil
            return (completions, deadline ?? .max, idle)
        }
        complete(completions, now: now)
        idle?.settle(.success(()))
        return deadline
    }

    func closed(_ error: AMQPError) {
        let (completions, end, idle) = state.withLock { state in
            state.channel = nil
            state.isBlocked = false
            state.isTimerArmed = false
            var completions = state.completions
            state.completions = []
            completions += state.machine.detached(error)
            reportUnconfirmed(&state)
            return (completions, state.channelEnd, state.machine.isIdle ? state.idle : nil)
        }
        if error.replyCode != nil, error.code != .connectionClosed {
            core.metrics.channelsClosedByBroker.add(1)
            core.events.send(.channelClosed(owner: name, error))
        }
        complete(completions)
        idle?.settle(.success(()))
        end.settle(.success(error))
    }

    // MARK: Telling

    private func complete(_ completions: [Machine.Completion], now: UInt64? = nil) {
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
    private func tell(_ waiter: Waiter, _ outcome: PublishOutcome) -> PublishBatch.Finished? {
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
