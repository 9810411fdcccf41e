extension Decision {
    /// A step has failed for good: undoes what is done, or waits for a person where nothing may be undone.
    ///
    /// - Parameter inDoubt: Whether the step may have had its effect; then it is undone like one that is done.
    mutating func fail(_ pendingIndex: Int, because reason: StuckReason, inDoubt: Bool) {
        let pending = instance.pending[pendingIndex]
        let index = Int(pending.step)
        let isInDoubt = inDoubt && definition.steps[index].hasEffect
        guard !instance.isForwardOnly else { return stick(pendingIndex, reason) }
        guard !isInDoubt || definition.steps[index].undo != nil else { return stick(pendingIndex, .doubtWithoutUndo) }
        cancelTimer(ofPending: pendingIndex)
        instance.pending.remove(at: pendingIndex)
        leave(index, inDoubt: isInDoubt)
        if instance.phase == .running {
            instance.phase = .settling
            if definition.stages[Int(instance.stage)].join == .failFast { giveUpPending() }
        }
        settle()
    }

    private mutating func leave(_ index: Int, inDoubt: Bool) {
        instance.progress[index] = inDoubt ? .inDoubt : .failed
        if inDoubt { instance.trail.append(UInt8(index)) }
    }

    /// Takes every step in flight for one in doubt, and drops those without effect.
    ///
    /// A step in doubt without undo stays and waits for a person, because nobody knows what it left behind.
    mutating func giveUpPending() {
        for index in instance.pending.indices.reversed() {
            let pending = instance.pending[index]
            let step = definition.steps[Int(pending.step)]
            // A request that was never sent, or was refused, has had no effect.
            let isInDoubt = step.hasEffect && pending.request != .none && pending.state != .stuckRefused
            guard !isInDoubt || step.undo != nil else {
                if pending.state != .stuckInDoubt { stick(index, .doubtWithoutUndo) }
                continue
            }
            cancelTimer(ofPending: index)
            instance.pending.remove(at: index)
            leave(Int(pending.step), inDoubt: isInDoubt)
        }
    }

    /// Begins the undoing once nothing is in flight.
    mutating func settle() {
        for index in instance.pending.indices.reversed() where instance.pending[index].request == .none {
            // Nothing is out: it waits for an event, which may never come, or stands between two tries, or is held.
            cancelTimer(ofPending: index)
            leave(Int(instance.pending.remove(at: index).step), inDoubt: false)
        }
        guard instance.pending.isEmpty else { return }
        instance.phase = .compensating
        undoNext()
    }

    /// Undoes the last step that was completed, or ends the saga when none is left.
    mutating func undoNext() {
        while let index = instance.trail.popLast() {
            let step = definition.steps[Int(index)]
            if index == 0 {
                instance.progress[0] = .undoing
                return ask(0, .do)
            }
            guard step.undo != nil else { continue }
            instance.progress[Int(index)] = .undoing
            return ask(Int(index), .undo)
        }
        finish(.compensated)
    }

    /// The undo in flight is done.
    mutating func undone(_ pendingIndex: Int) {
        instance.progress[Int(instance.pending[pendingIndex].step)] = .undone
        instance.pending.remove(at: pendingIndex)
        undoNext()
    }

    /// Leaves the step waiting for a person.
    mutating func stick(_ pendingIndex: Int, _ reason: StuckReason) {
        cancelTimer(ofPending: pendingIndex)
        instance.pending[pendingIndex].state =
            switch reason {
            case .silence: .stuckInSilence
            case .refused: .stuckRefused
            case .unfit, .doubtWithoutUndo: .stuckInDoubt
            }
        actions.append(.stick(turn(of: instance.pending[pendingIndex]), reason))
    }

    /// The whole saga's deadline has passed.
    mutating func takeDeadline() {
        guard instance.isDeadlineSet else { return ignore(.lateTimer) }
        instance.isDeadlineSet = false
        switch instance.phase {
        case .running where !instance.isForwardOnly: compensateNow()
        case .running: actions.append(.alarm(.deadlinePassedGoingForward))
        case .settling, .compensating: actions.append(.alarm(.deadlinePassedCompensating))
        case .unstarted, .finished, .aborted: preconditionFailure("a deadline runs only while the saga does")
        }
    }

    /// Undoes everything, what is in flight included.
    mutating func compensateNow() {
        instance.phase = .settling
        giveUpPending()
        settle()
    }
}
