package import SagaModel

/// A story told beforehand: what happens, and what is expected of it. Given, expect, and given, expect.
///
/// It runs on the machine itself and on the participants' declared state machines, so a reply that a participant could
/// not give is a mistake of the scenario.
package struct Scenario: Sendable, Hashable {
    package var name: String
    package var about: String
    /// The names of the sagas that meet; the first is meant where a moment names none.
    package var sagas: [String]
    /// The states of aggregates at the beginning; those not named are in their initial state, or in the one state that
    /// the first saga's start allows.
    package var given: [StartState]
    /// What every retry policy's attempts are cut down to; nil leaves them.
    package var attempts: Int?
    /// The protocol; anything but the full one shows what goes wrong without a rule.
    package var rules: ProtocolRules
    package var moments: [Moment]

    package init(
        name: String, about: String = "", sagas: [String], given: [StartState] = [], attempts: Int? = nil,
        rules: ProtocolRules = .full, moments: [Moment]
    ) {
        self.name = name
        self.about = about
        self.sagas = sagas
        self.given = given
        self.attempts = attempts
        self.rules = rules
        self.moments = moments
    }

    /// Something that happens, and what is expected then.
    package struct Moment: Sendable, Hashable {
        package var given: Given
        package var expect: [Expectation]

        package init(given: Given, expect: [Expectation] = []) {
            self.given = given
            self.expect = expect
        }
    }

    /// A step of a saga in one direction; the latest try where none is named.
    package struct StepReference: Sendable, Hashable {
        package var saga: String?
        package var step: String
        package var direction: Direction
        package var attempt: Int?

        package init(saga: String? = nil, _ step: String, _ direction: Direction = .do, attempt: Int? = nil) {
            self.saga = saga
            self.step = step
            self.direction = direction
            self.attempt = attempt
        }
    }

    /// What happens.
    package enum Given: Sendable, Hashable {
        /// The start event arrives; nil takes a payload that fits.
        case started(saga: String?, payload: Record?)
        /// The participant handles the command, unless it has before, and the saga takes the reply.
        case replied(StepReference, name: String, payload: Record?)
        /// The participant handles the command; its reply is under way then. Nil takes the first success. After an unclear
        /// failure there may be an effect.
        case handled(
            StepReference, reply: String?, payload: Record?, fate: Occurrence.Fate, hasEffect: Bool = false)
        /// The participant gets the command again.
        case repeated(StepReference, fate: Occurrence.Fate)
        /// The saga takes a reply that is under way; once more if the fate says so.
        case taken(StepReference, fate: Occurrence.Fate)
        /// A reply arrives that nobody in this world has sent: from a stranger, for another request, or of another name.
        case forged(StepReference, reply: String, sender: String?, attempt: Int?, payload: Record?)
        /// The step's timer fires.
        case silence(StepReference, fate: Occurrence.Fate)
        case deadline(saga: String?)
        case lostCommand(StepReference)
        case lostReply(StepReference)
        case ordered(saga: String?, OperatorOrder)
        /// An event reaches the saga; nil takes a payload that fits and belongs to it.
        case occurred(saga: String?, event: String, payload: Record?)
        /// An aggregate changes by itself.
        case moved(AggregateName, move: String)
        case paused(participant: String)
        case resumed(participant: String)
    }

    /// What is expected after something has happened.
    package enum Expectation: Sendable, Hashable {
        /// Exactly these commands are sent, such as `kitchen.CreateTicket`, in this order.
        case sends([String])
        /// A command was sent just now whose payload has these members.
        case payload(command: String, Record)
        /// The commands sent just now have ids of requests sent before (`true`) or new ones (`false`).
        case sendsAgain(Bool)
        /// The input is ignored; the reason's words if given.
        case ignored(reason: String?)
        /// The saga is stuck at the step; the reason's words if given.
        case stuck(saga: String?, step: String, reason: String?)
        case alarm
        case ended(saga: String?, outcome: String)
        /// The saga has not ended and is not stuck.
        case waiting(saga: String?)
        /// Data fields have these values; null stands for absent too.
        case data(saga: String?, Record)
        /// Aggregates are in one of these states.
        case states([StartState])
        /// What the outcome that the saga has reached requires holds; nothing is promised before the end.
        case promiseKept(saga: String?)
        /// The step's effect is undone, or was never there.
        case undone(StepReference)
        /// The aggregate is in no pending state.
        case unlocked(AggregateName)
        /// The saga has ended.
        case over(saga: String?)
        /// Nothing is undone by what happened just now.
        case goesForward
    }
}
