extension Decision {
    mutating func take(_ order: OperatorOrder) {
        switch order.action {
        case .retry: forStuck(order) { decision, index in decision.retry(index) }
        case .resume: waitAgain(order)
        case .skip: forStuck(order) { decision, index in decision.skip(index) }
        case .compensate:
            if let refusal = refusalToCompensate { ignore(.notAllowed(refusal)) } else { compensateNow() }
        case .abort:
            if instance.isStuck { close(.aborted) } else { ignore(.notAllowed(.nothingStuck)) }
        }
    }

    /// Why the saga may not compensate, nil when it may.
    private var refusalToCompensate: OrderRefusal? {
        switch instance.phase {
        case .running: instance.isForwardOnly ? .pivotPassed : nil
        case .settling, .compensating, .unstarted, .finished, .aborted: .alreadyCompensating
        }
    }

    /// Does something for the stuck step that is meant, or for every stuck one.
    private mutating func forStuck(_ order: OperatorOrder, _ body: (inout Decision, Int) -> Void) {
        let stuck = instance.pending.filter { $0.state.isStuck && isMeant($0, by: order) }
        if stuck.isEmpty { ignore(.notAllowed(.nothingStuck)) }
        for pending in stuck {
            // Doing one may have ended the others.
            guard let index = pendingIndex(ofStep: Int(pending.step), pending.direction) else { continue }
            body(&self, index)
        }
    }

    private func isMeant(_ pending: Pending, by order: OperatorOrder) -> Bool {
        order.step == nil || order.step == definition.steps[Int(pending.step)].id
    }

    /// Asks again: the same request where no answer came, a new try where a failure came.
    private mutating func retry(_ pendingIndex: Int) {
        instance.pending[pendingIndex].spent = 0
        if instance.pending[pendingIndex].state == .stuckRefused {
            instance.pending[pendingIndex].attempt &+= 1
            instance.pending[pendingIndex].request = .none
        }
        guard definition.steps[Int(instance.pending[pendingIndex].step)].wait == nil else {
            return listenAgain(pendingIndex)
        }
        send(pendingIndex)
    }

    private mutating func waitAgain(_ order: OperatorOrder) {
        let isOpen = instance.pending.contains { $0.state.isStuck && $0.state.isOpen && isMeant($0, by: order) }
        guard isOpen else { return ignore(.notAllowed(.noRequestOpen)) }
        forStuck(order) { decision, index in
            if decision.instance.pending[index].state.isOpen { decision.listenAgain(index) }
        }
    }

    /// Waits once more as long as after the first send, without asking.
    private mutating func listenAgain(_ pendingIndex: Int) {
        instance.pending[pendingIndex].state = .asking
        setTimer(ofPending: pendingIndex, after: policy(of: instance.pending[pendingIndex]).timeout)
    }

    /// Takes the step for done, or the undo for undone.
    private mutating func skip(_ pendingIndex: Int) {
        let pending = instance.pending[pendingIndex]
        if pending.isCompensation { undone(pendingIndex) } else { complete(Int(pending.step)) }
    }
}
