extension Decision {
    /// Begins every step that can begin, stage by stage, and completes the saga after the last.
    mutating func advance() {
        while instance.phase == .running {
            guard Int(instance.stage) < definition.stages.count else { return finish(.completed) }
            var isAtWork = false
            for branch in definition.stages[Int(instance.stage)].branches {
                guard instance.phase == .running else { return }
                if advance(branch) { isAtWork = true }
            }
            guard instance.phase == .running, !isAtWork else { return }
            instance.stage += 1
        }
    }

    /// Begins the next step of a branch.
    ///
    /// - Returns: Whether the branch is at work; false when all its steps are over, or the saga no longer goes forward.
    private mutating func advance(_ branch: [Int]) -> Bool {
        for step in branch {
            switch instance.progress[step] {
            case .done, .skipped: continue
            case .ahead: if begin(step) { return instance.phase == .running }
            case .active, .failed, .inDoubt, .undoing, .undone: return true
            }
        }
        return false
    }

    /// Begins a step that comes up, or passes it over.
    ///
    /// - Returns: Whether the step is at work now, or has failed already.
    private mutating func begin(_ index: Int) -> Bool {
        let step = definition.steps[index]
        if let when = step.when, !when.holds(in: instance) {
            instance.progress[index] = .skipped
            return false
        }
        instance.progress[index] = .active
        if step.kind == .retriable { goForwardOnly() }
        if step.wait != nil { return beginWait(index) }
        ask(index, .do)
        return true
    }

    /// From here on nothing is undone, so there is nothing to remember for it.
    mutating func goForwardOnly() {
        instance.isForwardOnly = true
        instance.trail.removeAll()
    }

    /// Takes the step for done and goes on.
    mutating func complete(_ index: Int, as progress: Instance.Progress = .done) {
        record(index, as: progress)
        if instance.phase == .settling { settle() } else { advance() }
    }

    /// Notes that the step is done, without going on.
    private mutating func record(_ index: Int, as progress: Instance.Progress) {
        instance.progress[index] = progress
        removePending(ofStep: index, .do)
        if definition.steps[index].kind == .pivot {
            goForwardOnly()
        } else if definition.steps[index].hasEffect && !instance.isForwardOnly {
            instance.trail.append(UInt8(index))
        }
    }

    // MARK: Awaited events

    private mutating func beginWait(_ index: Int) -> Bool {
        let policy = definition.steps[index].doPolicy
        var pending = Pending(
            step: UInt8(index), direction: .do, state: .asking, attempt: 1, spent: 1, request: .none,
            dueMilliseconds: nil)
        if let early = instance.early.firstIndex(where: { $0.step == UInt8(index) }) {
            let event = instance.early.remove(at: early).event
            instance.pending.append(pending)
            return !receive(event, at: instance.pending.count - 1)
        }
        if let timeout = policy.timeout {
            pending.dueMilliseconds = milliseconds + timeout
            actions.append(.setTimer(turn(of: pending), dueMilliseconds: milliseconds + timeout))
        }
        instance.pending.append(pending)
        return true
    }

    mutating func take(_ event: Event) {
        for index in instance.pending.indices where isAwaited(event, by: Int(instance.pending[index].step)) {
            guard instance.pending[index].state.isOpen else { continue }
            if receive(event, at: index) { advance() }
            return
        }
        guard let step = definition.steps.indices.first(where: { expects(event, at: $0) }) else {
            return ignore(.notExpected)
        }
        instance.early.append(EarlyEvent(step: UInt8(step), event: event))
    }

    /// Whether a step that is still ahead will wait for the event.
    private func expects(_ event: Event, at index: Int) -> Bool {
        instance.phase == .running && instance.progress[index] == .ahead && isAwaited(event, by: index)
            && !instance.early.contains { $0.step == UInt8(index) }
    }

    private func isAwaited(_ event: Event, by index: Int) -> Bool {
        guard let wait = definition.steps[index].wait, wait.rules.contains(where: { $0.name == event.type }) else {
            return false
        }
        guard let correlation = wait.correlation.value(in: instance, payload: nil) else { return false }
        return event.payload[wait.key] == correlation
    }

    /// Does what the event means for the step that waits for it.
    ///
    /// - Returns: Whether the step is done and the saga should go on.
    private mutating func receive(_ event: Event, at pendingIndex: Int) -> Bool {
        let index = Int(instance.pending[pendingIndex].step)
        guard let rule = definition.steps[index].wait?.rules.first(where: { $0.name == event.type }) else {
            preconditionFailure("an event is received by a step that waits for it")
        }
        cancelTimer(ofPending: pendingIndex)
        if rule.verdict == .proceed {
            guard let field = instance.apply(rule.set, payload: event.payload) else {
                record(index, as: .done)
                if instance.phase == .settling { settle() }
                return instance.phase == .running
            }
            fail(pendingIndex, because: .unfit(reply: event.type, field: field), inDoubt: false)
            return false
        }
        // A failure counts whether or not what it sets fits.
        _ = instance.apply(rule.set, payload: event.payload)
        fail(pendingIndex, because: .refused(reply: event.type), inDoubt: false)
        return false
    }
}
