package import Messaging
import SagaModel

/// An operator's order to one saga.
///
/// The message's id names the order: what came of it stands under that id in `skald.operator_action`.
package struct OrderSaga: MessagePayload {
    package static let messageType: MessageType = "orchestrator.OrderSaga"

    /// The saga's id.
    package var saga: String
    /// Such as `retry`.
    package var action: String
    /// The step meant; nil where only one can be meant.
    package var step: String?
    package var who: String
    package var reason: String

    package init(saga: String, action: String, step: String? = nil, who: String, reason: String) {
        self.saga = saga
        self.action = action
        self.step = step
        self.who = who
        self.reason = reason
    }
}

/// An operator's order to hold back what comes to a service, or to let it through.
///
/// The message's id names the order, here as in what the service is told.
package struct OrderPause: MessagePayload {
    package static let messageType: MessageType = "orchestrator.OrderPause"

    package var participant: String
    /// A type of message; `*` for all.
    package var scope: String
    package var isPaused: Bool
    package var who: String
    package var reason: String

    package init(participant: String, scope: String, isPaused: Bool, who: String, reason: String) {
        self.participant = participant
        self.scope = scope
        self.isPaused = isPaused
        self.who = who
        self.reason = reason
    }
}

/// What became of an operator's order, as it is written down.
package enum OperatorOutcome: Sendable, Hashable {
    /// It was done; the remark says what there was to see about it.
    case done(remark: String? = nil)
    /// Nothing was changed.
    case refused(why: String)

    private static let doneWord = "done"
    private static let refusedWord = "refused"

    /// The text in `skald.operator_action`: a word, and what there is to say behind a colon.
    package var text: String {
        switch self {
        case .done(nil): Self.doneWord
        case .done(let remark?): "\(Self.doneWord): \(remark)"
        case .refused(let why): "\(Self.refusedWord): \(why)"
        }
    }

    /// - Parameter text: anything but a refusal was done.
    package init(text: String) {
        let parts = text.split(separator: ":", maxSplits: 1)
        let rest = parts.count == 2 ? String(parts[1].drop { $0 == " " }) : nil
        self = parts.first.map(String.init) == Self.refusedWord ? .refused(why: rest ?? "") : .done(remark: rest)
    }

    /// What the machine did about an order to a saga.
    init(_ actions: [Action]) {
        self = .done()
        for case .ignore(let reason) in actions { self = .refused(why: Self.words(reason)) }
    }

    private static func words(_ reason: IgnoreReason) -> String {
        switch reason {
        case .notAllowed(let refusal): refusal.rawValue
        case .alreadyFinished: "the saga is over"
        default: "the saga cannot take it: \(reason)"
        }
    }
}
