import SagaCheck
import SagaFile
import SagaModel

extension ScenarioResolver {
    /// Returns one expectation for each key, in the order in which they are best told.
    mutating func resolve(_ draft: ExpectationDraft) -> [Scenario.Expectation] {
        guard let (name, saga) = saga(draft.saga) else { return [] }
        var found = sending(draft)
        if let ignored = draft.ignored { found.append(.ignored(reason: ignored == "anyhow" ? nil : ignored)) }
        if let step = draft.stuck {
            if !([Start.stepID] + saga.definition.steps.map(\.id)).contains(step.value) {
                addUnknown(.unknownStep, step, what: "step", known: saga.definition.steps.map(\.id))
            }
            found.append(.stuck(saga: name, step: step.value, reason: draft.because))
        } else if draft.because != nil {
            add(.missingKey, at: draft.mark, "a reason stands here without `stuck`", hint: "Add `stuck:`.")
        }
        if draft.alarm != nil { found.append(.alarm) }
        if let outcome = draft.ends {
            let known = saga.definition.outcomes.map(\.name)
            if !known.contains(outcome.value) {
                addUnknown(.unknownOutcome, outcome, what: "outcome of `\(saga.definition.name)`", known: known)
            }
            found.append(.ended(saga: name, outcome: outcome.value))
        }
        switch draft.state {
        case .waiting?: found.append(.waiting(saga: name))
        case .over?: found.append(.over(saga: name))
        case nil: break
        }
        if let data = record(draft.data, of: saga.definition.data, isPartial: true) {
            found.append(.data(saga: name, data))
        }
        if draft.promise != nil { found.append(.promiseKept(saga: name)) }
        if let undone = draft.undone.flatMap({ reference($0) }) { found.append(.undone(undone)) }
        return found + aggregates(draft)
    }

    private mutating func sending(_ draft: ExpectationDraft) -> [Scenario.Expectation] {
        var found: [Scenario.Expectation] = []
        for command in draft.sends ?? [] { _ = contract(of: command) }
        if let sends = draft.sends { found.append(.sends(sends.map(\.value))) }
        if let with = draft.with {
            guard let sends = draft.sends, sends.count == 1 else {
                add(
                    .missingKey, at: with.mark, "a payload stands here, but not one command under `sends`",
                    hint: "Name one command under `sends`, or use `payloads`.")
                return found
            }
            if let fields = contract(of: sends[0])?.payload, let members = record(with, of: fields, isPartial: true) {
                found.append(.payload(command: sends[0].value, members))
            }
        }
        for payload in draft.payloads {
            guard let fields = contract(of: payload.name)?.payload,
                let members = record(payload.value, of: fields, isPartial: true)
            else { continue }
            found.append(.payload(command: payload.name.value, members))
        }
        if let requests = draft.requests { found.append(.sendsAgain(requests == .again)) }
        return found
    }

    private mutating func aggregates(_ draft: ExpectationDraft) -> [Scenario.Expectation] {
        var found: [Scenario.Expectation] = []
        var states: [StartState] = []
        for entry in draft.states {
            guard let (name, aggregate) = aggregate(entry.name) else { continue }
            for state in entry.value { checkState(state, of: aggregate) }
            states.append(StartState(aggregate: name, states: entry.value.map(\.value)))
        }
        if !states.isEmpty { found.append(.states(states)) }
        if let unlocked = draft.unlocked, let (name, _) = aggregate(unlocked) { found.append(.unlocked(name)) }
        if draft.undoes != nil { found.append(.goesForward) }
        return found
    }
}
