import SagaModel

/// A saga file as it was read, before its names are looked up.
struct SagaDraft: Sendable {
    let mark: Mark
    let name: Located<String>
    let version: Located<Int>
    let start: StartDraft
    let deadline: Located<Duration>?
    let data: [FieldDraft]
    /// Participants that stand in the file itself, as they do in the canonical form.
    let participants: [ParticipantDraft]
    let flow: [FlowDraft]
    let outcomes: [Named<OutcomeDraft>]
    let bounds: Bounds
    let compatibility: [Named<CompatibilityDraft>]
    let search: [Located<String>]
    let redact: [Located<String>]
    let retention: Duration?

    /// Every step in the order of the text, those of parallel groups included.
    var steps: [StepDraft] { flow.flatMap(\.steps) }
}

struct StartDraft: Sendable {
    let mark: Mark
    let event: Located<String>
    let key: Located<String>
    let set: [Named<ExpressionDraft>]
    let undo: CallDraft?
    let given: [Named<[Located<String>]>]
}

/// A command to a participant; as an undo it carries its own way of waiting.
struct CallDraft: Sendable {
    let mark: Mark
    let command: Located<String>
    let with: [Named<ExpressionDraft>]
    let wait: WaitDraft
}

/// What a file says about waiting and repeating; what it does not say depends on the step's kind.
struct WaitDraft: Sendable {
    let timeout: Located<TimeoutDraft>?
    let retry: RetryDraft?
}

enum TimeoutDraft: Sendable {
    case after(Duration)
    case never
}

struct RetryDraft: Sendable {
    let mark: Mark
    let attempts: Located<AttemptsDraft>?
    let backoff: RetryPolicy.Backoff?
    let initial: Duration?
    let max: Duration?
    let jitterPercent: Int?
}

enum AttemptsDraft: Sendable {
    case most(Int)
    case forever
}

indirect enum FlowDraft: Sendable {
    case step(StepDraft)
    case parallel(branches: [[StepDraft]], join: ParallelGroup.Join, Mark)

    var steps: [StepDraft] {
        switch self {
        case .step(let step): [step]
        case .parallel(let branches, _, _): branches.flatMap { $0 }
        }
    }
}

struct StepDraft: Sendable {
    let mark: Mark
    let id: Located<String>
    let kind: Located<StepKind>
    let send: CallDraft?
    let await: AwaitDraft?
    let undo: CallDraft?
    let when: ConditionDraft?
    let on: [Named<RuleDraft>]
    let wait: WaitDraft
}

struct AwaitDraft: Sendable {
    let mark: Mark
    let events: [Located<String>]
    let key: Located<String>
    let correlation: Located<String>
    let onTimeout: AwaitedEvents.TimeoutVerdict
}

struct RuleDraft: Sendable {
    let set: [Named<ExpressionDraft>]
    let verdict: ReplyRule.Verdict?
}

struct OutcomeDraft: Sendable {
    let mark: Mark
    let end: Outcome.End
    let when: ConditionDraft?
    let require: ConditionDraft?
}

struct CompatibilityDraft: Sendable {
    let renames: [Named<Located<String>>]
    let removed: [Located<String>]
}
