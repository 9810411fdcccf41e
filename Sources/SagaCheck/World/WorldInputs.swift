import SagaModel

/// Makes the inputs of one saga of a world, without a clock: every input has the time 0.
///
/// The machine compares no times, so one time stands for all.
struct WorldInputs {
    let world: World
    let saga: Int

    private var definition: CompiledDefinition { world.sagas[saga].definition }

    func start(_ payload: Int) -> Input {
        let identifier = Identifier(high: UInt64(saga + 1), low: 1)
        return Input(
            .started(StartEvent(saga: identifier, payload: world.sagas[saga].starts[payload])), milliseconds: 0)
    }

    func reply(to key: TurnKey, request: Identifier, variant: Int) -> Input {
        guard let call = world.sagas[saga].steps[Int(key.step)].call(key.direction) else {
            preconditionFailure("only a command is replied to")
        }
        let answer = call.variants[variant]
        return Input(
            .replied(
                Reply(
                    causation: request, sender: world.commands[call.command].participant, name: answer.name,
                    turn: turn(key), payload: answer.payload)), milliseconds: 0)
    }

    func timer(_ key: TurnKey) -> Input {
        Input(.timerFired(turn(key)), milliseconds: 0)
    }

    var deadline: Input { Input(.timerFired(.deadline), milliseconds: 0) }

    var retry: Input {
        Input(.ordered(OperatorOrder(.retry, reason: "checked", who: "checker")), milliseconds: 0)
    }

    /// An event that belongs to the instance: its key has the value that the step looks for, once the saga has started.
    func event(_ event: Int, step: Int, payload: Int, to instance: Instance) -> Input {
        let awaited = world.sagas[saga].steps[step].awaited.first { $0.event == event }
        var record = awaited?.payloads[payload] ?? [:]
        if let wait = definition.steps[step].wait, instance.phase != .unstarted {
            record[wait.key] = wait.correlation.value(in: instance, payload: nil)
        }
        return Input(.occurred(Event(type: world.events[event], payload: record)), milliseconds: 0)
    }

    func turn(_ key: TurnKey) -> Turn {
        Turn(step: definition.steps[Int(key.step)].id, direction: key.direction, attempt: Int(key.attempt))
    }
}

/// `SagaMachine.decide`, behind what a weaker orchestrator would do to its inputs.
///
/// The machine itself has no switches. A weaker protocol is the same machine that is told something else: a reply that
/// it should not have taken is passed off as the awaited one, a timeout as a refusal.
struct WeakenedMachine {
    let world: World
    let saga: Int

    func decide(_ instance: Instance, _ input: Input) -> (Instance, [Action]) {
        let definition = world.sagas[saga].definition
        switch input.happening {
        case .replied(let reply) where !world.rules.correlatesReplies:
            let passedOff = passedOff(reply, to: instance)
            return SagaMachine.decide(definition, instance, Input(.replied(passedOff), milliseconds: 0))
        case .timerFired(let turn) where !world.rules.undoesInDoubt:
            let decided = SagaMachine.decide(definition, instance, input)
            guard let step = definition.index(ofStep: turn.step), turn != .deadline,
                decided.instance.progress[step] == .inDoubt || decided.instance.progress[step] == .undoing,
                instance.progress[step] == .active, let refusal = refusal(of: turn, in: instance)
            else { return decided }
            return SagaMachine.decide(definition, instance, Input(.replied(refusal), milliseconds: 0))
        default: return SagaMachine.decide(definition, instance, input)
        }
    }

    /// The reply as an answer to whatever the instance waits for, success for success and failure for failure.
    private func passedOff(_ reply: Reply, to instance: Instance) -> Reply {
        let open = instance.pending.first { $0.state.isOpen && $0.request != .none }
        guard let open, open.request != reply.causation else { return reply }
        let key = TurnKey(
            saga: UInt8(saga), step: open.step, direction: open.direction, attempt: open.attempt)
        guard let call = world.sagas[saga].steps[Int(open.step)].call(open.direction) else { return reply }
        let wasSuccess = isSuccess(reply)
        let variant = call.variants.firstIndex { $0.isSuccess == wasSuccess } ?? call.fencedVariant
        let inputs = WorldInputs(world: world, saga: saga)
        guard case .replied(let passedOff) = inputs.reply(to: key, request: open.request, variant: variant).happening
        else { return reply }
        return passedOff
    }

    private func isSuccess(_ reply: Reply) -> Bool {
        guard let step = world.sagas[saga].definition.index(ofStep: reply.turn.step) else { return false }
        let call = world.sagas[saga].steps[step].call(reply.turn.direction)
        return call?.variants.contains { $0.name == reply.name && $0.isSuccess } ?? false
    }

    /// A clear refusal of the request that the timer belongs to.
    private func refusal(of turn: Turn, in instance: Instance) -> Reply? {
        let definition = world.sagas[saga].definition
        let pending = instance.pending.first { pending in
            definition.steps[Int(pending.step)].id == turn.step && pending.direction == turn.direction
        }
        guard let pending, let call = definition.steps[Int(pending.step)].call(turn.direction) else { return nil }
        return Reply(causation: pending.request, sender: call.participant, name: Reply.fenced, turn: turn)
    }
}
