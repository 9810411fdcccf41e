import Telemetry

extension ConsumerShell {
    func settle(_ delivery: Delivery, _ decision: SettlementMachine.Decision) {
        let (settled, due) = state.withLock { state -> (Promise<Void>?, Channel?) in
            apply(decision, to: delivery, &state)
            let isLast = state.isStopping && state.settlement.openCount == 0
            let heldCount = state.settlement.heldCount
            let isLot = heldCount > 0 && heldCount % ackBatchCount == 0
            return (isLast ? state.settled : nil, isLot ? state.channel : nil)
        }
        // The broker waits for them: where whoever settles has the connection's thread, they leave before he goes on.
        due?.flush()
        settled?.settle(.success(()))
    }

    func apply(_ decision: SettlementMachine.Decision, to delivery: Delivery, _ state: inout State) {
        guard delivery.incarnation == state.incarnation, state.channel != nil else {
            core.metrics.staleSettlements.add(1)
            return
        }
        switch decision {
        case .ack: hold(delivery.tag, &state)
        case .nack, .reject: refuse(delivery.tag, decision, &state)
        }
    }

    /// Acks join their neighbours: the I/O thread looks after the ack delay, or when enough of them wait.
    private func hold(_ tag: UInt64, _ state: inout State) {
        guard state.settlement.ack(tag) else {
            core.metrics.staleSettlements.add(1)
            return
        }
        state.ackedSinceBatch += 1
        let isDue = !state.isTimerArmed || state.settlement.heldCount >= ackBatchCount
        if isDue, !state.isTouched {
            state.isTouched = true
            state.channel?.touch()
        }
    }

    /// By the batch: acks are as many as deliveries.
    func countAcks(_ state: inout State) {
        guard state.ackedSinceBatch > 0 else { return }
        core.metrics.acked.add(state.ackedSinceBatch)
        state.ackedSinceBatch = 0
    }

    private func refuse(_ tag: UInt64, _ decision: SettlementMachine.Decision, _ state: inout State) {
        guard let channel = state.channel, let method = state.settlement.settle(tag, decision).method else {
            core.metrics.staleSettlements.add(1)
            return
        }
        core.metrics.refused.add(1)
        reportUnsettled(&state)
        try? channel.link.mailbox.post { contents throws(AMQPError) in
            try contents.writer.write(method, on: channel.number)
        }
    }

    func writeAcks(_ state: inout State, on channel: Channel, includingGaps: Bool) {
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

    /// Writes the acks that are due, and says when to look again.
    func flush(_ state: inout State, _ now: UInt64) -> UInt64 {
        let delay = options.ackDelay.nanoseconds
        let arrived = state.arrivedSinceBatch
        // Where nothing has come for a whole delay no neighbours are to be expected.
        let isWantedNow = state.isTouched || arrived == 0 && now >= state.lookAt
        var hasWritten = false
        state.arrivedSinceBatch = 0
        countAcks(&state)
        state.isTouched = false
        if let channel = state.channel, state.settlement.heldCount > 0 {
            let heldSince = state.heldSince ?? now
            let isOverdue = now >= heldSince + delay
            state.heldSince = heldSince
            if isWantedNow || isOverdue || state.settlement.heldCount >= ackBatchCount {
                // A gap holds acks back for one delay, or until half of the prefetch window waits behind it.
                let isWindowHalfUsed = state.settlement.heldCount * 2 >= Int(options.prefetchCount)
                writeAcks(&state, on: channel, includingGaps: isOverdue || isWindowHalfUsed)
                hasWritten = true
                if state.settlement.heldCount == 0 || isOverdue { state.heldSince = nil }
            }
        }
        // Where one ack went out others follow, while there are deliveries to ack: they wait for each other, too.
        let areOthersNear = arrived > 0 || hasWritten
        state.isTimerArmed = state.settlement.heldCount > 0 || areOthersNear && state.settlement.openCount > 0
        state.lookAt = state.isTimerArmed ? now + delay : .max
        return state.lookAt
    }
}
