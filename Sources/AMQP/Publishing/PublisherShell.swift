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

    func refusal(of publication: Publication) -> PublishOutcome? {
        do {
            try publication.message.validate(
                bodyByteCountMax: core.configuration.bodyByteCountMax, exchange: publication.exchange,
                routingKey: publication.routingKey)
            return nil
        } catch {
            return .notSent(error)
        }
    }

    func submit(_ publications: [(Publication, UInt64, Waiter)]) {
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

    func request(_ publication: Publication, _ id: UInt64, _ waiter: Waiter, _ now: UInt64) -> Machine.Request {
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
    func pump(_ state: inout State) -> [Machine.Completion] {
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

    func reportUnconfirmed(_ state: inout State) {
        core.metrics.unconfirmed.add(state.machine.pendingCount - state.reportedUnconfirmed)
        state.reportedUnconfirmed = state.machine.pendingCount
    }

    func cancel(_ id: UInt64) {
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
}
