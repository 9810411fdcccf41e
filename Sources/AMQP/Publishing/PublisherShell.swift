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

    typealias Machine = PublishMachine<Waiter>

    struct State {
        var machine: Machine
        var channel: Channel?
        var nextID: UInt64 = 0
        /// Publishes with an outcome, to be told of after the batch.
        var completed: [Machine.Pending] = []
        /// The I/O thread will look at the deadlines by itself.
        var isTimerArmed = false
        var isBlocked = false
        /// What this publisher has added to the gauge of unconfirmed publishes.
        var reportedUnconfirmed = 0
        /// Settled when the channel of this incarnation ends.
        var channelEnd = Promise<AMQPError>()
        var idle: Promise<Void>?
        var keeper: Task<Void, Never>?

        /// What to settle now, where somebody waits for the last outcome and it has come.
        var idleIfIdle: Promise<Void>? { machine.isIdle ? idle : nil }
    }

    let core: ConnectionCore
    let options: PublisherOptions
    let state: Lock<State>
    let firstOpen = Promise<Void>()
    let name: String
    let member: UInt64

    init(_ core: ConnectionCore, _ options: PublisherOptions) {
        self.core = core
        self.options = options
        let window = Machine.Window(countMax: options.windowCountMax, byteCountMax: options.windowByteCountMax)
        state = Lock(State(machine: Machine(window: window, timeout: options.timeout.nanoseconds)))
        member = core.join("publisher")
        name = "publisher \(member)"
    }

    // MARK: Publishing

    var unconfirmedCount: Int { state.withLock { $0.machine.pendingCount } }

    func publish(_ publication: Publication) async -> PublishOutcome {
        if let refusal = refusal(of: publication) { return refusal }
        let id = takeIDs(1)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                submit(pending(publication, id, .single(continuation), MonotonicClock.now()))
            }
        } onCancel: {
            cancel(id)
        }
    }

    func publish(_ publications: [Publication]) async -> [PublishOutcome] {
        guard !publications.isEmpty else { return [] }
        let batch = PublishBatch(count: publications.count)
        let firstID = takeIDs(publications.count)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                batch.start(continuation)
                submit(publications, firstID, batch)
            }
        } onCancel: {
            for offset in 0..<publications.count { cancel(firstID + UInt64(offset)) }
        }
    }

    private func takeIDs(_ count: Int) -> UInt64 {
        state.withLock { state in
            defer { state.nextID += UInt64(count) }
            return state.nextID + 1
        }
    }

    private func refusal(of publication: Publication) -> PublishOutcome? {
        do {
            try publication.validate(bodyByteCountMax: core.configuration.bodyByteCountMax)
            return nil
        } catch {
            core.metrics.notSent.add(1)
            tellRefused(publication, error)
            return .notSent(error)
        }
    }

    func tellRefused(_ publication: Publication, _ error: AMQPError) {
        core.events.send(
            .publishRefused(exchange: publication.exchange, routingKey: publication.routingKey, error))
    }

    private func pending(_ publication: Publication, _ id: UInt64, _ waiter: Waiter, _ now: UInt64) -> Machine.Pending {
        Machine.Pending(
            id: id, publication: publication,
            messageID: publication.message.properties.messageID ?? "\(core.configuration.name)-\(member)-\(id)",
            submittedAt: now, token: waiter)
    }

    private func submit(_ publish: Machine.Pending) {
        let refused = state.withLock { state -> [Machine.Pending] in
            guard accept(publish, &state) else { return [publish] }
            return pump(&state)
        }
        if !refused.isEmpty { complete(refused) }
    }

    private func submit(_ publications: [Publication], _ firstID: UInt64, _ batch: PublishBatch) {
        let now = MonotonicClock.now()
        var publishes: [Machine.Pending] = []
        publishes.reserveCapacity(publications.count)
        for (index, publication) in publications.enumerated() {
            if let refusal = refusal(of: publication) {
                batch.complete(index, refusal)?.resume()
            } else {
                publishes.append(pending(publication, firstID + UInt64(index), .batch(batch, index: index), now))
            }
        }
        let refused = state.withLock { state -> [Machine.Pending] in
            publishes.filter { !accept($0, &state) } + pump(&state)
        }
        if !refused.isEmpty { complete(refused) }
    }

    private func accept(_ publish: Machine.Pending, _ state: inout State) -> Bool {
        // Set before the cancellation handler runs, so a cancel is seen here or finds the publish there.
        if Task.isCancelled {
            publish.outcome = .notSent(AMQPError(.cancelled, "the publishing task was cancelled"))
            return false
        }
        guard state.machine.submit(publish) else {
            publish.outcome = .notSent(AMQPError(.closed, "the publisher is closed"))
            return false
        }
        return true
    }

    /// Encodes what the machine lets go, in one visit to the mailbox, and has the I/O thread watch the deadlines.
    ///
    /// - Returns: publishes that cannot be encoded.
    func pump(_ state: inout State) -> [Machine.Pending] {
        guard let channel = state.channel else { return [] }
        guard state.machine.canSend else {
            watchDeadlines(&state, channel)
            return []
        }
        var refused: [Machine.Pending] = []
        var sent = 0
        do {
            try channel.link.mailbox.post { contents throws(AMQPError) in
                // It may have ended in the moment it was taken over.
                if channel.fate.isSealed { throw AMQPError(.channelClosed, "the channel is closed") }
                while let publish = state.machine.nextToSend() {
                    do throws(AMQPError) {
                        try contents.writer.writePublish(
                            publish.publication, messageID: publish.messageID, on: channel.number)
                        sent += 1
                    } catch {
                        refused.append(state.machine.withdrawLast(error))
                    }
                }
                if !state.isTimerArmed {
                    state.isTimerArmed = true
                    contents.commands.append(.touch(channel: channel.number))
                }
            }
        } catch {
            // The link or the channel has just ended; everything waits for the next channel.
            state.channel = nil
            state.machine.paused()
        }
        core.metrics.published.add(sent)
        reportUnconfirmed(&state)
        return refused
    }

    /// While the broker blocks publishing nothing is sent that would wake the I/O thread.
    private func watchDeadlines(_ state: inout State, _ channel: Channel) {
        guard !state.isTimerArmed, state.machine.waitingCount > 0 else { return }
        state.isTimerArmed = true
        channel.touch()
    }

    private func cancel(_ id: UInt64) {
        let (told, idle) = state.withLock { state in
            (state.machine.cancel(id: id, abandoned: .abandoned), state.idleIfIdle)
        }
        if let told { tell([told]) }
        idle?.settle(.success(()))
    }

    func reportUnconfirmed(_ state: inout State) {
        core.metrics.unconfirmed.add(state.machine.pendingCount - state.reportedUnconfirmed)
        state.reportedUnconfirmed = state.machine.pendingCount
    }

    // MARK: The I/O thread

    func received(_ method: InboundMethod) {
        state.withLock { state in
            switch method {
            case .basicAck(let tag, let multiple):
                _ = state.machine.settled(tag, multiple: multiple, acked: true, into: &state.completed)
            case .basicNack(let tag, let multiple):
                _ = state.machine.settled(tag, multiple: multiple, acked: false, into: &state.completed)
            case .channelFlow(let active):
                if active { state.machine.unblocked() } else { state.machine.blocked() }
            default: break
            }
        }
    }

    func returned(_ content: ContentAssembler.Content) {
        guard let head = content.head.returnHead else { return }
        let messageID = content.head.messageID
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

    func endOfBatch(_ deliveries: inout [ContentAssembler.Content], now: UInt64) -> UInt64 {
        let (completed, expired, deadline, idle) = state.withLock { state in
            var completed = state.completed
            state.completed = []
            let expired = state.machine.expire(now: now, abandoned: .abandoned)
            completed += pump(&state)
            let deadline = state.machine.nextDeadline
            state.isTimerArmed = deadline != nil
            reportUnconfirmed(&state)
            return (completed, expired, deadline ?? .max, state.idleIfIdle)
        }
        complete(completed, now: now)
        tell(expired)
        idle?.settle(.success(()))
        return deadline
    }

    func closed(_ error: AMQPError, withLink: Bool) {
        let (completed, end, idle) = state.withLock { state in
            state.channel = nil
            state.isBlocked = false
            state.isTimerArmed = false
            let completed = state.completed + state.machine.detached(error)
            state.completed = []
            reportUnconfirmed(&state)
            return (completed, state.channelEnd, state.idleIfIdle)
        }
        if error.replyCode != nil, !withLink {
            core.metrics.channelsClosedByBroker.add(1)
            core.events.send(.channelClosed(owner: name, error))
        }
        complete(completed)
        idle?.settle(.success(()))
        end.settle(.success(error))
    }
}
