extension Decision {
    mutating func take(_ reply: Reply) {
        guard let index = instance.pending.firstIndex(where: { $0.request == reply.causation && $0.state.isOpen }),
            reply.causation != .none
        else { return ignore(.notAwaited) }
        let pending = instance.pending[index]
        guard isTurn(reply.turn, of: pending) else { return ignore(.misaddressed) }
        guard let call = call(of: pending) else { preconditionFailure("an open request has a command") }
        guard call.participant == reply.sender else { return ignore(.wrongSender(asked: call.participant)) }
        cancelTimer(ofPending: index)
        let rule = call.rules.first { $0.name == reply.name }
        if pending.isCompensation {
            takeUndone(reply, rule, at: index)
        } else {
            takeDone(reply, rule, at: index)
        }
    }

    private mutating func takeDone(_ reply: Reply, _ rule: CompiledRule?, at pendingIndex: Int) {
        guard let rule else {
            // A refusal by the fence is clear; any other name is one the definition does not know.
            let isFenced = reply.name == Reply.fenced
            return fail(pendingIndex, because: .refused(reply: reply.name), inDoubt: !isFenced)
        }
        switch rule.verdict {
        case .proceed:
            if let field = instance.apply(rule.set, payload: reply.payload) {
                fail(pendingIndex, because: .unfit(reply: reply.name, field: field), inDoubt: true)
            } else {
                complete(Int(instance.pending[pendingIndex].step))
            }
        case .retry
        where instance.phase == .running
            && !policy(of: instance.pending[pendingIndex]).isSpent(
                instance.pending[pendingIndex].spent):
            backOff(pendingIndex)
        case .fail, .retry:
            // A failure counts whether or not what it sets fits.
            _ = instance.apply(rule.set, payload: reply.payload)
            fail(pendingIndex, because: .refused(reply: reply.name), inDoubt: rule.isUnclear || rule.isSuccess)
        }
    }

    private mutating func takeUndone(_ reply: Reply, _ rule: CompiledRule?, at pendingIndex: Int) {
        if rule?.isSuccess ?? false {
            undone(pendingIndex)
        } else if policy(of: instance.pending[pendingIndex]).isSpent(instance.pending[pendingIndex].spent) {
            stick(pendingIndex, .refused(reply: reply.name))
        } else {
            backOff(pendingIndex)
        }
    }
}
