import SagaModel

extension World {
    /// Every way a participant may handle a command that it has not handled before.
    ///
    /// This is PROTOCOL's "participant transaction": do and undo look at the same fence row before the handler runs.
    func handle(saga: Int, step: Int, direction: Direction, value: AggregateValue?, fence: Fence) -> [HandlerOutcome] {
        guard let call = sagas[saga].steps[step].call(direction) else { return [] }
        if direction == .undo {
            switch fence {
            case .open: return [emptyUndo(call, value: value, fence: rules.fences ? .fenced : .open)]
            case .fenced: return [emptyUndo(call, value: value, fence: .fenced)]
            case .done: return run(call, saga: saga, value: value, fence: fence, fenceAfter: .fenced)
            }
        }
        if fence == .fenced && rules.fences {
            return [
                HandlerOutcome(value: value, fence: fence, variant: call.fencedVariant, isBoundedFailure: false)
            ]
        }
        // The start's own undo has no do to be fenced against.
        return run(call, saga: saga, value: value, fence: fence, fenceAfter: step == 0 ? .open : .done)
    }

    /// An undo with nothing to undo succeeds and creates nothing; which success it answers makes no difference.
    private func emptyUndo(_ call: CallModel, value: AggregateValue?, fence: Fence) -> HandlerOutcome {
        let variant = commands[call.command].successes.first.flatMap { call.variants(named: $0).first } ?? 0
        return HandlerOutcome(value: value, fence: fence, variant: variant, isBoundedFailure: false)
    }

    private func run(
        _ call: CallModel, saga: Int, value: AggregateValue?, fence: Fence, fenceAfter: Fence
    ) -> [HandlerOutcome] {
        let command = commands[call.command]
        // What may have been done is to be undone, and what may have been undone to be undone again.
        let inDoubt = fenceAfter == .fenced ? fence : fenceAfter
        guard let value, !command.transitions.isEmpty else {
            return successes(call, command.successes, value: value, fence: fenceAfter)
                + failures(call, value: value, fence: fence)
                + unclearFailures(call, values: [value], fence: inDoubt)
        }
        guard let transition = command.transitions[Int(value.state)] else {
            return call.variants(named: command.refusal).prefix(1).map {
                HandlerOutcome(
                    value: value, fence: command.unclear.contains(command.refusal) ? inDoubt : fence, variant: $0,
                    isBoundedFailure: false)
            }
        }
        let after = self.value(value, after: transition, of: command, saga: saga)
        return successes(call, transition.replies, value: after, fence: fenceAfter)
            + failures(call, value: value, fence: fence)
            + unclearFailures(call, values: after == value ? [value] : [value, after], fence: inDoubt)
    }

    private func value(
        _ value: AggregateValue, after transition: CommandModel.TransitionModel, of command: CommandModel, saga: Int
    ) -> AggregateValue {
        let pending = command.aggregate.map { aggregates[$0].pending } ?? []
        var after = value
        switch transition.target {
        case .unchanged: break
        case .remembered: after.state = value.remembered
        case .state(let state):
            after.state = state
            if !pending.contains(state) {
                // Where one saga is alone, nobody needs to know who wrote.
                after.writer = sagas.count > 1 ? UInt8(saga + 1) : 0
            } else if !pending.contains(value.state) {
                after.remembered = value.state
            }
        }
        // What was remembered is forgotten with the pending state, so that it tells no two states apart.
        if !pending.contains(after.state), let aggregate = command.aggregate {
            after.remembered = aggregates[aggregate].forgotten
        }
        return after
    }

    private func successes(
        _ call: CallModel, _ names: [String], value: AggregateValue?, fence: Fence
    ) -> [HandlerOutcome] {
        names.flatMap { call.variants(named: $0) }.map {
            HandlerOutcome(value: value, fence: fence, variant: $0, isBoundedFailure: false)
        }
    }

    private func failures(_ call: CallModel, value: AggregateValue?, fence: Fence) -> [HandlerOutcome] {
        let command = commands[call.command]
        return command.failures.filter { !command.unclear.contains($0) }.flatMap {
            failures(call, $0, value: value, fence: fence)
        }
    }

    /// Failures after which nobody knows: without the effect, and with it.
    private func unclearFailures(_ call: CallModel, values: [AggregateValue?], fence: Fence) -> [HandlerOutcome] {
        let command = commands[call.command]
        return command.failures.filter(command.unclear.contains).flatMap { name in
            values.flatMap { failures(call, name, value: $0, fence: fence) }
        }
    }

    private func failures(
        _ call: CallModel, _ name: String, value: AggregateValue?, fence: Fence
    ) -> [HandlerOutcome] {
        call.variants(named: name).map {
            HandlerOutcome(value: value, fence: fence, variant: $0, isBoundedFailure: call.passing.contains(name))
        }
    }
}
