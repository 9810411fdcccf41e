import SagaCheck
import SagaFile
import SagaModel

extension ScenarioResolver {
    /// Returns what happens; nil after a fault.
    mutating func resolve(_ draft: GivenDraft) -> Scenario.Given? {
        switch draft {
        case .start(let name, let with):
            guard let (_, saga) = saga(name) else { return nil }
            let fields = fields(ofEvent: saga.definition.start.event)
            return .started(saga: name.value, payload: record(with, of: fields))
        case .reply(let reply, let mention, let with):
            guard let reference = reference(mention), let fields = fields(ofReply: reply, to: mention) else {
                return nil
            }
            return .replied(reference, name: reply.value, payload: record(with, of: fields))
        case .handled(let mention, let reply, let with, let fate, let effect):
            return handled(mention, reply, with, fate, effect)
        case .repeated(let mention, let fate): return reference(mention).map { .repeated($0, fate: fate) }
        case .taken(let mention, let fate): return reference(mention).map { .taken($0, fate: fate) }
        case .forged(let reply, let mention, let sender, let attempt, let with):
            return reference(mention).map {
                .forged(
                    $0, reply: reply.value, sender: sender?.value, attempt: attempt,
                    payload: with.map(Self.untypedRecord))
            }
        case .silence(let mention, let fate): return reference(mention).map { .silence($0, fate: fate) }
        case .deadline(let name): return saga(name).map { .deadline(saga: $0.name) }
        case .lostCommand(let mention): return reference(mention).map { .lostCommand($0) }
        case .lostReply(let mention): return reference(mention).map { .lostReply($0) }
        case .order(let action, let step, let name, let who, let reason):
            return order(action, step, name, who: who, reason: reason)
        case .event(let type, let name, let with):
            guard let (saga, _) = saga(name), let fields = knownFields(ofEvent: type) else { return nil }
            return .occurred(saga: saga, event: type.value, payload: record(with, of: fields))
        case .move(let move, let aggregate): return self.move(move, of: aggregate)
        case .pause(let participant): return isKnown(participant) ? .paused(participant: participant.value) : nil
        case .resume(let participant): return isKnown(participant) ? .resumed(participant: participant.value) : nil
        }
    }

    private mutating func handled(
        _ mention: StepMention, _ reply: Located<String>?, _ with: Node?, _ fate: Occurrence.Fate, _ effect: EffectWord
    ) -> Scenario.Given? {
        guard let reference = reference(mention) else { return nil }
        guard let reply else {
            if let with {
                add(.missingKey, at: with.mark, "a payload stands here without its reply", hint: "Add `reply:`.")
            }
            return .handled(reference, reply: nil, payload: nil, fate: fate)
        }
        guard let fields = fields(ofReply: reply, to: mention) else { return nil }
        return .handled(
            reference, reply: reply.value, payload: record(with, of: fields), fate: fate, hasEffect: effect == .done)
    }

    private mutating func order(
        _ action: OperatorOrder.Action, _ step: Located<String>?, _ name: Located<String>?, who: String, reason: String
    ) -> Scenario.Given? {
        guard let (saga, loaded) = saga(name) else { return nil }
        let ids = [Start.stepID] + loaded.definition.steps.map(\.id)
        if let step, !ids.contains(step.value) {
            addUnknown(.unknownStep, step, what: "step of `\(loaded.definition.name)`", known: ids)
        }
        return .ordered(saga: saga, OperatorOrder(action, step: step?.value, reason: reason, who: who))
    }

    private mutating func move(_ move: Located<String>, of name: Located<String>) -> Scenario.Given? {
        guard let (full, aggregate) = aggregate(name) else { return nil }
        let moves = aggregate.moves.map(\.name)
        if !moves.contains(move.value) {
            addUnknown(.unknownChoice, move, what: "move of `\(full)`", known: moves)
        }
        return .moved(full, move: move.value)
    }

    private mutating func isKnown(_ participant: Located<String>) -> Bool {
        let known = sagas.flatMap { $0.definition.participants.map(\.name) }
        if known.contains(participant.value) { return true }
        addUnknown(.unknownParticipant, participant, what: "participant of the scenario", known: known)
        return false
    }

    // MARK: Fields

    private func fields(ofEvent type: String) -> [Field] {
        let events = sagas.flatMap { $0.definition.participants.flatMap(\.events) }
        return events.first { $0.type == type }?.payload ?? []
    }

    private mutating func knownFields(ofEvent type: Located<String>) -> [Field]? {
        let events = sagas.flatMap { $0.definition.participants.flatMap(\.events) }
        if let event = events.first(where: { $0.type == type.value }) { return event.payload }
        addUnknown(.unknownEvent, type, what: "event", known: events.map(\.type))
        return nil
    }

    /// The fields of a reply to the step's command; every participant can also answer that the step is fenced.
    private mutating func fields(ofReply reply: Located<String>, to mention: StepMention) -> [Field]? {
        guard let (participant, contract) = contract(of: mention) else {
            add(.unknownCommand, at: mention.mark, "`\(mention.step.value)` sends no command that could be answered")
            return nil
        }
        let replies = contract.successes + contract.failures
        if let found = replies.first(where: { $0.name == reply.value }) { return found.payload }
        if reply.value == Reply.fenced { return [] }
        addUnknown(
            .unknownReply, reply, what: "reply of `\(contract.type(of: participant))`", known: replies.map(\.name))
        return nil
    }

    private static func untypedRecord(_ node: Node) -> Record {
        if case .record(let record) = TypedValueReader.untyped(node) { record } else { Record() }
    }
}
