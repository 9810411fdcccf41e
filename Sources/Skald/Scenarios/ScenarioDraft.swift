import SagaCheck
import SagaFile
import SagaModel

/// A file of scenarios as it was read, before its names are looked up.
struct ScenarioFileDraft: Sendable {
    let sagas: [Located<String>]
    let scenarios: [ScenarioDraft]
}

struct ScenarioDraft: Sendable {
    let name: Located<String>
    let about: String?
    /// Those of the file if left out.
    let sagas: [Located<String>]?
    let given: [Named<Located<String>>]
    let attempts: Int?
    let rules: ProtocolRules
    let story: [MomentDraft]
}

struct MomentDraft: Sendable {
    let mark: Mark
    let given: GivenDraft
    let expect: [ExpectationDraft]
}

/// What happens; payloads stay nodes until their type is known.
enum GivenDraft: Sendable {
    case start(saga: Located<String>, with: Node?)
    case reply(Located<String>, to: StepMention, with: Node?)
    case handled(StepMention, reply: Located<String>?, with: Node?, Occurrence.Fate, EffectWord)
    case repeated(StepMention, Occurrence.Fate)
    case taken(StepMention, Occurrence.Fate)
    case forged(Located<String>, to: StepMention, sender: Located<String>?, attempt: Int?, with: Node?)
    case silence(StepMention, Occurrence.Fate)
    case deadline(saga: Located<String>)
    case lostCommand(StepMention)
    case lostReply(StepMention)
    case order(OperatorOrder.Action, step: Located<String>?, saga: Located<String>?, who: String, reason: String)
    case event(Located<String>, saga: Located<String>?, with: Node?)
    case move(Located<String>, of: Located<String>)
    case pause(Located<String>)
    case resume(Located<String>)
}

/// A step as scenarios name it: `create-ticket`, `create-ticket.undo`, `create-ticket#2`, `create-order/create-ticket`.
struct StepMention: Sendable {
    let mark: Mark
    let saga: Located<String>?
    let step: Located<String>
    let direction: Direction
    let attempt: Int?
}

/// What is expected; each key that stands there is one expectation.
struct ExpectationDraft: Sendable {
    let mark: Mark
    let saga: Located<String>?
    let sends: [Located<String>]?
    let with: Node?
    let payloads: [Named<Node>]
    let requests: Requests?
    let ignored: String?
    let stuck: Located<String>?
    let because: String?
    let alarm: Alarm?
    let ends: Located<String>?
    let state: Situation?
    let data: Node?
    let states: [Named<[Located<String>]>]
    let promise: Promise?
    let undone: StepMention?
    let unlocked: Located<String>?
    let undoes: Nothing?

    enum Requests: String, CaseIterable, Sendable {
        case new
        case again
    }

    enum Alarm: String, CaseIterable, Sendable {
        case raised
    }

    enum Situation: String, CaseIterable, Sendable {
        case waiting
        case over
    }

    enum Promise: String, CaseIterable, Sendable {
        case kept
    }

    enum Nothing: String, CaseIterable, Sendable {
        case nothing
    }
}
