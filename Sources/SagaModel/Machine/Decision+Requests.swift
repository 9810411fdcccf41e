extension Decision {
    /// Sends a step's command, or its undo, for the first time.
    mutating func ask(_ index: Int, _ direction: Direction) {
        instance.pending.append(
            Pending(
                step: UInt8(index), direction: direction, state: .asking, attempt: 1, spent: 0, request: .none,
                dueMilliseconds: nil))
        send(instance.pending.count - 1)
    }

    /// Sends the command of a pending step: the same request again, or a new one where there is none.
    ///
    /// A paused participant gets nothing; the request is made when it resumes.
    mutating func send(_ pendingIndex: Int) {
        guard let call = call(of: instance.pending[pendingIndex]) else {
            preconditionFailure("a step that is asked has a command")
        }
        guard !isPaused(call) else {
            let wasAsked = instance.pending[pendingIndex].request != .none
            instance.pending[pendingIndex].state = wasAsked ? .heldAsking : .heldUnsent
            if wasAsked { instance.pending[pendingIndex].dueMilliseconds = 0 }
            return
        }
        if instance.pending[pendingIndex].request == .none {
            instance.pending[pendingIndex].request = request(for: instance.pending[pendingIndex])
        }
        if instance.pending[pendingIndex].spent < .max { instance.pending[pendingIndex].spent += 1 }
        instance.pending[pendingIndex].state = .asking
        let pending = instance.pending[pendingIndex]
        actions.append(
            .send(
                Command(
                    request: pending.request, participant: call.participant, name: call.name,
                    payload: CompiledExpression.record(call.payload, in: instance, payload: nil),
                    turn: turn(of: pending))))
        setTimer(ofPending: pendingIndex, after: policy(of: pending).wait(afterSend: pending.spent))
    }

    private func request(for pending: Pending) -> Identifier {
        .request(
            saga: instance.id, stepHash: definition.steps[Int(pending.step)].idHash, direction: pending.direction,
            attempt: Int(pending.attempt), milliseconds: milliseconds)
    }

    /// After a received failure: pauses, then makes a new try with a new request.
    mutating func backOff(_ pendingIndex: Int) {
        instance.pending[pendingIndex].state = .backingOff
        instance.pending[pendingIndex].attempt &+= 1
        instance.pending[pendingIndex].request = .none
        let pending = instance.pending[pendingIndex]
        let entropy = request(for: pending).low
        var pause = policy(of: pending).pause(afterSend: pending.spent, entropy: entropy)
        pause = max(pause, 1)
        if let call = call(of: pending), isPaused(call) {
            instance.pending[pendingIndex].state = .heldBackingOff
            instance.pending[pendingIndex].dueMilliseconds = pause
        } else {
            setTimer(ofPending: pendingIndex, after: pause)
        }
    }

    private func pendingIndex(of turn: Turn) -> Int? {
        for index in instance.pending.indices {
            let pending = instance.pending[index]
            if isTurn(turn, of: pending) { return index }
        }
        return nil
    }

    func pendingIndex(ofStep index: Int, _ direction: Direction) -> Int? {
        instance.pending.firstIndex { $0.step == UInt8(index) && $0.direction == direction }
    }

    mutating func removePending(ofStep index: Int, _ direction: Direction) {
        instance.pending.removeAll { $0.step == UInt8(index) && $0.direction == direction }
    }

    // MARK: Timers

    mutating func setTimer(ofPending pendingIndex: Int, after wait: Int64?) {
        guard let wait else {
            instance.pending[pendingIndex].dueMilliseconds = nil
            return
        }
        let due = milliseconds + wait
        instance.pending[pendingIndex].dueMilliseconds = due
        actions.append(.setTimer(turn(of: instance.pending[pendingIndex]), dueMilliseconds: due))
    }

    mutating func cancelTimer(ofPending pendingIndex: Int) {
        let pending = instance.pending[pendingIndex]
        guard pending.dueMilliseconds != nil else { return }
        instance.pending[pendingIndex].dueMilliseconds = nil
        if pending.state == .asking || pending.state == .backingOff {
            actions.append(.cancelTimer(turn(of: pending)))
        }
    }

    mutating func takeTimer(_ turn: Turn) {
        if turn == .deadline { return takeDeadline() }
        guard let index = pendingIndex(of: turn), instance.pending[index].dueMilliseconds != nil
        else { return ignore(.lateTimer) }
        switch instance.pending[index].state {
        case .asking:
            instance.pending[index].dueMilliseconds = nil
            silence(index)
        case .backingOff:
            instance.pending[index].dueMilliseconds = nil
            send(index)
        case .heldUnsent, .heldAsking, .heldBackingOff, .stuckInSilence, .stuckRefused, .stuckInDoubt:
            ignore(.lateTimer)
        }
    }

    /// No reply in time: asks again while attempts are left.
    private mutating func silence(_ pendingIndex: Int) {
        let pending = instance.pending[pendingIndex]
        let step = definition.steps[Int(pending.step)]
        if let wait = step.wait {
            return wait.onTimeout == .proceed
                ? complete(Int(pending.step), as: .skipped) : fail(pendingIndex, because: .silence, inDoubt: false)
        }
        guard policy(of: pending).isSpent(pending.spent) else { return send(pendingIndex) }
        if pending.isCompensation {
            stick(pendingIndex, .silence)
        } else {
            fail(pendingIndex, because: .silence, inDoubt: step.hasEffect)
        }
    }
}
