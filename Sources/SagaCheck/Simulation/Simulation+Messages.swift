import SagaModel

extension Simulation {
    // MARK: Commands

    /// Every way the participant may handle the command now.
    func outcomes(of key: TurnKey) throws(ImpossibleOccurrence) -> ([HandlerOutcome], CallModel) {
        guard let call = call(key) else { throw ImpossibleOccurrence("the step sends no command") }
        let value = world.commands[call.command].aggregate.map { values[$0] }
        let fence = fences[Int(key.saga)][Int(key.step)]
        let outcomes = world.handle(
            saga: Int(key.saga), step: Int(key.step), direction: key.direction, value: value, fence: fence)
        return (outcomes, call)
    }

    /// Lets the participant handle a command that it has not seen.
    mutating func handle(
        _ key: TurnKey, _ outcome: HandlerOutcome, _ answer: Answer, fate: Occurrence.Fate
    ) throws(ImpossibleOccurrence) -> Happened {
        guard let call = call(key) else { throw ImpossibleOccurrence("the step sends no command") }
        if world.rules.inbox != .none, stored[key] != nil {
            throw ImpossibleOccurrence("the command was handled before")
        }
        let fence = fences[Int(key.saga)][Int(key.step)]
        try putReply(key, answer, fate)
        var happened = Happened(turn: key, answer: answer.name, fate: fate)
        if let aggregate = world.commands[call.command].aggregate, let value = outcome.value {
            if value.state != values[aggregate].state {
                happened.change = Happened.Change(
                    aggregate: aggregate, from: values[aggregate].state, to: value.state)
            }
            change(aggregate, to: value)
        }
        if key.direction == .undo && fence != .done {
            happened.manner = .nothingToUndo
        } else if key.direction == .do && fence == .fenced && world.rules.fences {
            happened.manner = .fenced
        }
        setFence(of: key, to: outcome.fence)
        if world.rules.inbox != .none { stored[key] = answer }
        return happened
    }

    /// Lets the participant take a command that it has handled before.
    mutating func handleAgain(_ key: TurnKey, fate: Occurrence.Fate) throws(ImpossibleOccurrence) -> Happened {
        guard let known = stored[key] else { throw ImpossibleOccurrence("the command was not handled before") }
        guard world.rules.inbox == .storedReply else {
            try removeCommand(key)
            return Happened(turn: key, manner: .droppedAgain)
        }
        try putReply(key, known, fate)
        return Happened(turn: key, answer: known.name, manner: .answeredAgain, fate: fate)
    }

    private mutating func putReply(
        _ key: TurnKey, _ answer: Answer, _ fate: Occurrence.Fate
    ) throws(ImpossibleOccurrence) {
        guard (commands[key] ?? 0) > 0 else { throw ImpossibleOccurrence("the command is not under way") }
        if fate == .plain { try removeCommand(key) }
        replies[key, default: [:]][answer, default: 0] += fate == .crashedAfterPublishing ? 2 : 1
    }

    mutating func removeCommand(_ key: TurnKey) throws(ImpossibleOccurrence) {
        guard let count = commands[key], count > 0 else { throw ImpossibleOccurrence("the command is not under way") }
        commands[key] = count == 1 ? nil : count - 1
    }

    // MARK: Replies

    /// Lets the saga take a reply that is under way.
    mutating func takeReply(
        _ key: TurnKey, _ answer: Answer, fate: Occurrence.Fate
    ) throws(ImpossibleOccurrence) -> Happened {
        guard let call = call(key), let request = requests[key] else {
            throw ImpossibleOccurrence("nothing was asked there")
        }
        if fate == .plain {
            try removeReply(key, answer)
        } else if (replies[key]?[answer] ?? 0) == 0 {
            throw ImpossibleOccurrence("the reply `\(answer.name)` is not under way")
        }
        let reply = Reply(
            causation: request, sender: world.commands[call.command].participant, name: answer.name,
            turn: WorldInputs(world: world, saga: Int(key.saga)).turn(key), payload: answer.payload)
        var happened = give(
            .replied(reply), to: Int(key.saga), copies: fate == .crashedAfterPublishing ? 2 : 1)
        happened.turn = key
        happened.answer = answer.name
        happened.fate = fate
        return happened
    }

    mutating func removeReply(_ key: TurnKey, _ answer: Answer) throws(ImpossibleOccurrence) {
        guard let count = replies[key]?[answer], count > 0 else {
            throw ImpossibleOccurrence("the reply `\(answer.name)` is not under way")
        }
        replies[key]?[answer] = count == 1 ? nil : count - 1
        if replies[key]?.isEmpty ?? false { replies[key] = nil }
    }
}
