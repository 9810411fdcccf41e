import SagaCheck
import SagaFile
import SagaModel

/// Looks up the names of a scenario and reads its payloads by the types that the participants declare.
struct ScenarioResolver {
    private let library: SagaLibrary
    private(set) var report: Report
    /// The sagas of the scenario at hand; the first is meant where none is named.
    var sagas: [LoadedSaga] = []

    init(_ library: SagaLibrary, _ report: Report) {
        self.library = library
        self.report = report
    }

    /// Returns the scenario, or nil when it names sagas that are not there.
    mutating func resolve(_ draft: ScenarioDraft, sagas names: [Located<String>]) -> Scenario? {
        let names = draft.sagas ?? names
        sagas = names.compactMap { saga(named: $0) }
        guard sagas.count == names.count else { return nil }
        let given = draft.given.compactMap { self.given($0) }
        var moments: [Scenario.Moment] = []
        for moment in draft.story {
            guard let happening = resolve(moment.given) else { continue }
            let expectations = moment.expect.flatMap { resolve($0) }
            moments.append(Scenario.Moment(given: happening, expect: expectations))
        }
        return Scenario(
            name: draft.name.value, about: draft.about ?? "", sagas: sagas.map(\.definition.name), given: given,
            attempts: draft.attempts, rules: draft.rules, moments: moments)
    }

    mutating func add(_ code: DiagnosticCode, at mark: Mark, _ message: String, hint: String? = nil) {
        report.add(code, at: mark, message, hint: hint)
    }

    mutating func addUnknown(_ code: DiagnosticCode, _ name: Located<String>, what: String, known: [String]) {
        report.addUnknown(code, name, what: what, known: known)
    }

    mutating func record(_ node: Node?, of fields: [Field], isPartial: Bool = false) -> Record? {
        node.map { TypedValueReader.record($0, of: fields, isPartial: isPartial, &report) }
    }

    // MARK: Sagas and steps

    private mutating func saga(named name: Located<String>) -> LoadedSaga? {
        if let saga = library.saga(named: name.value) { return saga }
        addUnknown(.unknownSaga, name, what: "saga", known: library.sagas.map(\.definition.name))
        return nil
    }

    /// The saga spoken of and how the scenario names it; nil after a fault.
    mutating func saga(_ name: Located<String>?) -> (name: String?, saga: LoadedSaga)? {
        guard let name else { return (nil, sagas[0]) }
        if let saga = sagas.first(where: { $0.definition.name == name.value }) { return (name.value, saga) }
        addUnknown(.unknownSaga, name, what: "saga of this scenario", known: sagas.map(\.definition.name))
        return nil
    }

    mutating func reference(_ mention: StepMention) -> Scenario.StepReference? {
        guard let (name, saga) = saga(mention.saga) else { return nil }
        let ids = [Start.stepID] + saga.definition.steps.map(\.id)
        guard ids.contains(mention.step.value) else {
            addUnknown(.unknownStep, mention.step, what: "step of `\(saga.definition.name)`", known: ids)
            return nil
        }
        return Scenario.StepReference(
            saga: name, mention.step.value, mention.direction, attempt: mention.attempt)
    }

    /// The command that a step sends in that direction.
    mutating func contract(of mention: StepMention) -> (participant: String, contract: CommandContract)? {
        guard let (_, saga) = saga(mention.saga), let call = Self.call(of: mention, in: saga.definition) else {
            return nil
        }
        let contract = saga.definition.participant(named: call.participant)?.command(named: call.command)
        return contract.map { (call.participant, $0) }
    }

    private static func call(of mention: StepMention, in definition: Definition) -> CommandCall? {
        if mention.step.value == Start.stepID { return definition.start.undo }
        guard let step = definition.steps.first(where: { $0.id == mention.step.value }) else { return nil }
        if mention.direction == .undo { return step.undo }
        guard case .send(let call) = step.action else { return nil }
        return call
    }

    mutating func contract(of command: Located<String>) -> CommandContract? {
        let participants = sagas.flatMap(\.definition.participants)
        for participant in participants {
            if let contract = participant.commands.first(where: { $0.type(of: participant.name) == command.value }) {
                return contract
            }
        }
        let known = participants.flatMap { owner in owner.commands.map { $0.type(of: owner.name) } }
        addUnknown(.unknownCommand, command, what: "command", known: known)
        return nil
    }

    // MARK: Aggregates

    mutating func aggregate(_ name: Located<String>) -> (name: AggregateName, aggregate: Aggregate)? {
        var found: [AggregateName: Aggregate] = [:]
        var known: [String] = []
        for participant in sagas.flatMap(\.definition.participants) {
            for aggregate in participant.aggregates {
                let full = AggregateName(participant: participant.name, aggregate: aggregate.name)
                known += [full.description, aggregate.name]
                if full.description == name.value || aggregate.name == name.value { found[full] = aggregate }
            }
        }
        if found.count == 1, let only = found.first { return (only.key, only.value) }
        if found.isEmpty {
            addUnknown(.unknownAggregate, name, what: "aggregate", known: known)
        } else {
            add(.ambiguousAggregate, at: name.mark, "`\(name.value)` could be one of \(found.count) aggregates")
        }
        return nil
    }

    mutating func checkState(_ state: Located<String>, of aggregate: Aggregate) {
        if !aggregate.states.contains(state.value) {
            addUnknown(.unknownState, state, what: "state of `\(aggregate.name)`", known: aggregate.states)
        }
    }

    private mutating func given(_ given: Named<Located<String>>) -> StartState? {
        guard let (name, aggregate) = aggregate(given.name) else { return nil }
        checkState(given.value, of: aggregate)
        return StartState(aggregate: name, states: [given.value.value])
    }
}
