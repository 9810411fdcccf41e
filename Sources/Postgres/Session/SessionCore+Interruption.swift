extension SessionCore {
    /// Stops a statement: its task was cancelled or its deadline has passed.
    mutating func interrupt(_ reply: Reply, _ interruption: Reply.Interruption, _ effects: inout Effects) {
        guard reply.outcome == nil, reply.interruption == nil else { return }
        reply.interruption = interruption
        guard reply.isSent else { return withdraw(reply, &effects) }
        if case .transaction(let generation, _) = reply.scope, let error = reply.interruptionError {
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
        requestCancel(&effects)
    }

    mutating func requestCancel(_ effects: inout Effects) {
        guard !isCancelling, breakage == nil, let cancel = handle.cancelHandle() else { return }
        isCancelling = true
        needsBarrier = true
        effects.cancel = CancelRequest(cancel)
    }

    /// The server has taken a cancel request, or could not be reached.
    mutating func cancelEnded(_ effects: inout Effects) {
        isCancelling = false
        interruptIfCurrent(&effects)
        if !isCancelling, let waiter = cancelWaiter.take() { effects.waiters.append(waiter) }
    }

    /// Takes a statement back that was never sent. It stays in its queue, settled, and is skipped there.
    private mutating func withdraw(_ reply: Reply, _ effects: inout Effects) {
        if let error = reply.interruptionError { effects.settle(reply, .failure(error)) }
    }

    /// Interrupts what is past its deadline; gives the connection up when even that is not answered.
    mutating func checkDeadlines(now: MonotonicTime, _ effects: inout Effects) {
        if breakage != nil { return }
        if copyDeadline < now {
            return breakOff(PostgresError(.deadlineExceeded, note: "a COPY made no progress"), &effects)
        }
        guard let current = pipeline.current, current.deadline < now else { return }
        if current.deadline + Self.cancelGrace < now || !current.isInterruptible {
            let cause = PostgresError(.connectionLost, note: "the server did not answer in time")
            return breakOff(cause, &effects)
        }
        interrupt(current, .deadline, &effects)
    }

    /// How long the server may take to stop a statement.
    static var cancelGrace: Duration { .seconds(2) }
}
