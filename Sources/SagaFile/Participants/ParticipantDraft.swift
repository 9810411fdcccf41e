import SagaModel

/// A participant file as it was read, before its names are looked up.
package struct ParticipantDraft: Sendable {
    package let name: Located<String>
    let queue: Located<String>
    let types: [Named<[FieldDraft]>]
    let aggregates: [Named<AggregateDraft>]
    let commands: [Named<CommandDraft>]
    let replies: [Named<[FieldDraft]>]
    let events: [Named<[FieldDraft]>]
    let subscriptions: [Located<String>]
}

struct AggregateDraft: Sendable {
    let states: [Located<String>]
    let initial: Located<String>
    let pending: [Located<String>]
    let moves: [Named<MoveDraft>]
}

struct MoveDraft: Sendable {
    let from: [Located<String>]
    let to: Located<String>
    let emits: Located<String>?
}

struct CommandDraft: Sendable {
    let mark: Mark
    let aggregate: Located<String>?
    let key: Located<String>
    let payload: [FieldDraft]
    let transitions: [TransitionDraft]
    let successes: [Located<String>]
    let failures: [Located<String>]
    let unclear: [Located<String>]
    let refusal: Located<String>?
    let undoes: Located<String>?
}

struct TransitionDraft: Sendable {
    let mark: Mark
    let from: [Located<String>]
    let to: Located<String>
    let reply: Located<String>?
}
