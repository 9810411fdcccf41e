import Reactor

extension SessionCore {
    /// Stops a statement: its task was cancelled or its deadline has passed.
    mutating func interrupt(_ reply: Reply, _ interruption: Reply.Interruption, _ effects: inout Effects) {
        guard !reply.isSettled, reply.interruption == nil else { return }
        reply.interruption = interruption
        guard reply.isSent, let error = reply.interruptionError else { return withdraw(reply, &effects) }
        interruptionDeadline = .now() + Self.cancelGrace
        needsBarrier = true
        if case .transaction(let generation, _) = reply.scope {
            transaction.abort(error, generation: generation)
            requestCancel(&effects)
        } else {
            interruptIfCurrent(&effects)
        }
    }

    /// Asks the server to stop a statement of its own only when it is that one's turn: the request names a connection, not a
    /// statement, and would hit a neighbour.
    mutating func interruptIfCurrent(_ effects: inout Effects) {
        guard let current = pipeline.current, current.interruption != nil, !current.isCancelRequested else { return }
        current.isCancelRequested = true
        interruptionDeadline = .now() + Self.cancelGrace
        requestCancel(&effects)
    }

    mutating func requestCancel(_ effects: inout Effects) {
        guard !isCancelling, breakage == nil, let cancel = handle.cancelHandle() else { return }
        isCancelling = true
        needsBarrier = true
        effects.send(CancelRequest(cancel))
    }

    /// The server has taken a cancel request, or could not be reached.
    mutating func cancelEnded(_ effects: inout Effects) {
        isCancelling = false
        interruptIfCurrent(&effects)
        if !isCancelling, let waiter = cancelWaiter.take() { effects.wake(waiter) }
    }

    /// Takes a statement back that was never sent. It stays in its queue, settled, and is skipped there.
    private mutating func withdraw(_ reply: Reply, _ effects: inout Effects) {
        if let error = reply.interruptionError { effects.settle(reply, .failure(error)) }
    }

    /// Gives the connection up when the server has been silent for too long.
    ///
    /// The server ends each statement by itself after `statement_timeout`, so a longer silence means that it, or the way to
    /// it, is gone.
    mutating func checkDeadlines(now: MonotonicTime, _ effects: inout Effects) {
        if breakage != nil { return }
        let isSilent = use == .copy ? copyDeadline < now : !pipeline.isEmpty && lastProgress + patience < now
        if isSilent {
            let error = PostgresError(.connectionLost, note: "the server did not answer within \(patience)")
            return breakOff(error, &effects)
        }
        guard let current = pipeline.current, current.interruption != nil else { return }
        if interruptionDeadline < now {
            let error = PostgresError(.connectionLost, note: "the server did not stop a statement in time")
            breakOff(error, &effects)
        } else if interruptionDeadline < now + (Self.cancelGrace - Self.cancelRepeat) {
            // The first request may have come between two statements, where the server heeds none, or was lost.
            requestCancel(&effects)
        }
    }

    /// How long the server may take to stop a statement.
    static var cancelGrace: Duration { .seconds(2) }
    /// How long it may take before it is asked again.
    private static var cancelRepeat: Duration { .milliseconds(500) }
}
