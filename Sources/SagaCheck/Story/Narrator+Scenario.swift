import SagaModel

extension Narrator {
    /// What a scenario has given, and what came of it.
    func sentence(for given: Scenario.Given, saga: Int, _ happened: Happened) -> String {
        if let occurrence = occurrence(for: given, saga: saga, happened) {
            return sentence(for: occurrence, happened)
        }
        switch given {
        case .forged(let step, let reply, _, _, _):
            return "A reply \(reply) to \(step.step), which nobody here has sent, reaches \(name(saga)). "
                + consequence(happened)
        case .ordered(_, let order):
            return "An operator orders \(name(saga)) to \(order.action.rawValue). \(consequence(happened))"
        case .occurred(_, let event, _): return "`\(event)` reaches \(name(saga)). \(consequence(happened))"
        case .paused(let participant): return "Nothing more is sent to \(participant). \(consequence(happened))"
        case .resumed(let participant): return "\(participant) is sent to again. \(consequence(happened))"
        case .started, .replied, .handled, .repeated, .taken, .silence, .deadline, .lostCommand, .lostReply, .moved:
            preconditionFailure("these are occurrences of a search")
        }
    }

    /// The same as an occurrence of a search; nil for what a search never does.
    private func occurrence(for given: Scenario.Given, saga: Int, _ happened: Happened) -> Occurrence? {
        switch given {
        case .started: .started(saga: saga, payload: 0)
        case .replied: happened.turn.map { .answered($0, variant: 0, fate: .plain) }
        case .handled(_, _, _, let fate, _): happened.turn.map { .handled($0, outcome: 0, fate: fate) }
        case .repeated(_, let fate): happened.turn.map { .repeated($0, fate: fate) }
        case .taken(_, let fate): happened.turn.map { .answered($0, variant: 0, fate: fate) }
        case .silence(_, let fate): happened.turn.map { .timerFired($0, fate: fate) }
        case .deadline: .deadlinePassed(saga: saga)
        case .lostCommand: happened.turn.map { .lostCommand($0) }
        case .lostReply: happened.turn.map { .lostReply($0, variant: 0) }
        case .ordered(_, let order): order.action == .retry ? .retried(saga: saga) : nil
        case .moved: happened.change.map { .moved(aggregate: $0.aggregate, move: 0) }
        case .forged, .occurred, .paused, .resumed: nil
        }
    }
}

extension Scenario.Given {
    /// The name of the saga that it is given to, nil where it names none.
    var saga: String? {
        switch self {
        case .started(let saga, _), .deadline(let saga), .ordered(let saga, _), .occurred(let saga, _, _): saga
        case .replied(let step, _, _), .handled(let step, _, _, _, _), .repeated(let step, _), .taken(let step, _),
            .forged(let step, _, _, _, _), .silence(let step, _), .lostCommand(let step), .lostReply(let step):
            step.saga
        case .moved, .paused, .resumed: nil
        }
    }
}
