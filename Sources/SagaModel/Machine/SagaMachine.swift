/// The rules of a saga: what an instance does about an input.
///
/// Pure: no clock, no I/O, no randomness. The orchestrator, the checker, the scenarios and the replay all run this one
/// function, so what is checked is what runs.
package enum SagaMachine {
    /// Decides what the input makes of the instance and what is to be done.
    ///
    /// Nothing in here compares times: the input's time only dates timers and request ids, so an order of inputs means
    /// the same at any speed.
    ///
    /// - Parameters:
    ///   - definition: The definition that the instance was started with.
    ///   - instance: What was stored last, or ``Instance/unstarted``.
    ///   - input: What happened.
    /// - Returns: The instance to store and the actions to do in one transaction with it.
    package static func decide(
        _ definition: CompiledDefinition, _ instance: consuming Instance, _ input: Input
    ) -> (instance: Instance, actions: [Action]) {
        var decision = Decision(definition, instance, milliseconds: input.milliseconds)
        decision.take(input.happening)
        return decision.result()
    }
}

/// One run of ``SagaMachine/decide(_:_:_:)``: the instance in the making and the actions so far.
///
/// Not copyable, so that the instance's arrays are changed in place.
struct Decision: ~Copyable {
    let definition: CompiledDefinition
    let milliseconds: Int64
    var instance: Instance
    var actions: [Action] = []

    init(_ definition: CompiledDefinition, _ instance: consuming Instance, milliseconds: Int64) {
        self.definition = definition
        self.instance = instance
        self.milliseconds = milliseconds
        // Room for what nearly every input leads to: a timer's end, a command, its timer.
        actions.reserveCapacity(3)
    }

    consuming func result() -> (instance: Instance, actions: [Action]) {
        (instance, actions)
    }

    mutating func take(_ happening: Input.Happening) {
        if case .started(let event) = happening {
            return instance.phase == .unstarted ? start(event) : ignore(.alreadyStarted)
        }
        switch instance.phase {
        case .unstarted: return ignore(.notStarted)
        case .finished, .aborted: return ignore(.alreadyFinished)
        case .running, .settling, .compensating: break
        }
        switch happening {
        case .started: preconditionFailure("taken above")
        case .replied(let reply): take(reply)
        case .timerFired(let turn): takeTimer(turn)
        case .occurred(let event): take(event)
        case .ordered(let order): take(order)
        case .paused(let participant): pause(participant)
        case .resumed(let participant): resume(participant)
        }
    }

    mutating func ignore(_ reason: IgnoreReason) {
        actions.append(.ignore(reason))
    }

    // MARK: Names

    func turn(of pending: Pending) -> Turn {
        Turn(
            step: definition.steps[Int(pending.step)].id, direction: pending.direction, attempt: Int(pending.attempt))
    }

    /// Whether ``turn(of:)`` is that turn, without making one.
    func isTurn(_ turn: Turn, of pending: Pending) -> Bool {
        turn.attempt == Int(pending.attempt) && turn.direction == pending.direction
            && turn.step == definition.steps[Int(pending.step)].id
    }

    func call(of pending: Pending) -> CompiledCall? {
        definition.steps[Int(pending.step)].call(pending.direction)
    }

    func policy(of pending: Pending) -> CompiledPolicy {
        definition.steps[Int(pending.step)].policy(pending.direction)
    }

    func isPaused(_ call: CompiledCall) -> Bool {
        instance.pausedParticipants & 1 << UInt64(call.participantIndex) != 0
    }

    // MARK: Start and end

    private mutating func start(_ event: StartEvent) {
        var draft = Instance(id: event.saga, key: event.payload[definition.startKey] ?? .null)
        draft.data = [Value?](repeating: nil, count: definition.slotNames.count)
        draft.progress = [Instance.Progress](repeating: .ahead, count: definition.steps.count)
        draft.progress[0] = .done
        if draft.key == .null { return ignore(.unfit(field: definition.startKey)) }
        if let field = draft.apply(definition.startSet, payload: event.payload) {
            return ignore(.unfit(field: field))
        }
        draft.phase = .running
        if definition.steps[0].do != nil { draft.trail.append(0) }
        instance = draft
        if let deadline = definition.deadlineMilliseconds {
            instance.isDeadlineSet = true
            actions.append(.setTimer(.deadline, dueMilliseconds: milliseconds + deadline))
        }
        advance()
    }

    mutating func finish(_ end: Outcome.End) {
        // The compiled definition has an outcome without a condition for both ends, so one is always found.
        let index = definition.outcomes.firstIndex { $0.end == end && ($0.when?.holds(in: instance) ?? true) }
        guard let index else { preconditionFailure("no outcome for a saga that is \(end.rawValue)") }
        instance.outcome = UInt8(index)
        close(.finished)
        actions.append(.finish(outcome: definition.outcomes[index].name))
    }

    /// Ends the instance and drops what only a running one needs.
    mutating func close(_ phase: Instance.Phase) {
        for index in instance.pending.indices { cancelTimer(ofPending: index) }
        instance.pending.removeAll()
        instance.early.removeAll()
        if instance.isDeadlineSet {
            instance.isDeadlineSet = false
            actions.append(.cancelTimer(.deadline))
        }
        instance.phase = phase
    }
}

extension Instance {
    /// The timers of steps that run, with when each fires in milliseconds since 1970.
    package func timers(by definition: CompiledDefinition) -> [(turn: Turn, due: Int64)] {
        pending.compactMap { pending in
            guard pending.state == .asking || pending.state == .backingOff, let due = pending.dueMilliseconds else {
                return nil
            }
            let step = definition.steps[Int(pending.step)].id
            return (Turn(step: step, direction: pending.direction, attempt: Int(pending.attempt)), due)
        }
    }

    /// Fills data slots from a payload, all or none.
    ///
    /// - Returns: The first field that is missing or of the wrong type, nil when all were filled.
    mutating func apply(_ assignments: [CompiledAssignment], payload: Record) -> String? {
        if assignments.count <= 1 {
            // The common cases, without a second array.
            guard let assignment = assignments.first else { return nil }
            let value = assignment.value.value(in: self, payload: payload)
            guard value.fits(assignment.type) else { return assignment.field }
            data[assignment.slot] = value
            return nil
        }
        var filled = data
        for assignment in assignments {
            let value = assignment.value.value(in: self, payload: payload)
            guard value.fits(assignment.type) else { return assignment.field }
            filled[assignment.slot] = value
        }
        data = filled
        return nil
    }
}
