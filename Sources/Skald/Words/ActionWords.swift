import SagaCheck
import SagaModel

extension Action {
    /// The action as a person would tell it.
    var words: String {
        switch self {
        case .send(let command):
            let way = command.turn.direction == .undo ? "undo" : "do"
            let payload = CanonicalJSON.text(of: .record(command.payload))
            return "send \(command.participant).\(command.name) (\(way) of \(command.turn.step), "
                + "try \(command.turn.attempt), request \(command.request)) \(payload)"
        case .setTimer(let turn, let due): return "set the timer \(turn) for \(due) ms"
        case .cancelTimer(let turn): return "cancel the timer \(turn)"
        case .ignore(let reason): return "change nothing: \(reason.words)"
        case .stick(let turn, let reason): return "wait for a person at \(turn): \(reason.words)"
        case .alarm(let reason): return "raise an alarm: \(reason.rawValue)"
        case .finish(let outcome): return "finish as \(outcome)"
        }
    }
}

extension Input {
    /// The input as a person would tell it.
    var words: String {
        switch happening {
        case .started(let event): "the saga \(event.saga) starts"
        case .replied(let reply): "\(reply.sender) replies \(reply.name) to \(reply.turn)"
        case .timerFired(let turn): "the timer \(turn) fires"
        case .occurred(let event): "the event \(event.type) occurs"
        case .ordered(let order):
            "\(order.who) orders \(order.action.rawValue)\(order.step.map { " of \($0)" } ?? "") (\(order.reason))"
        case .paused(let participant): "\(participant) is paused"
        case .resumed(let participant): "\(participant) is resumed"
        }
    }
}
