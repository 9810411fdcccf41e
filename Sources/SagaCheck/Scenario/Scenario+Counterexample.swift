import SagaModel

extension World {
    /// The violation as a scenario that fails as long as the definition is broken.
    package func scenario(of found: FoundViolation, name: String) -> Scenario {
        var simulation = Simulation(self, beginning: beginnings[found.beginning])
        var moments: [Scenario.Moment] = []
        for occurrence in found.story {
            let given = given(occurrence, in: simulation)
            do throws(ImpossibleOccurrence) {
                try simulation.apply(occurrence)
            } catch {
                preconditionFailure("the search found what cannot happen: \(error)")
            }
            if let given { moments.append(Scenario.Moment(given: given)) }
        }
        let narrator = Narrator(world: self)
        if !moments.isEmpty { moments[moments.count - 1].expect = [expectation(against: found.violation)] }
        return Scenario(
            name: name, about: narrator.conclusion(of: found.violation, in: simulation),
            sagas: sagas.map(\.original.name), given: given(beginnings[found.beginning]), attempts: bounds.attempts,
            rules: rules, moments: moments)
    }

    /// What a scenario must say of the beginning: it starts from the first one unless told otherwise.
    private func given(_ values: [AggregateValue]) -> [StartState] {
        aggregates.indices.compactMap { index in
            let (aggregate, state) = (aggregates[index], values[index].state)
            guard state != aggregate.initial || state != beginnings[0][index].state else { return nil }
            return StartState(aggregate: aggregate.name, states: [aggregate.states[Int(state)]])
        }
    }

    /// The occurrence as a scenario says it; nil for an event's publication or loss, which no saga sees.
    private func given(_ occurrence: Occurrence, in simulation: Simulation) -> Scenario.Given? {
        switch occurrence {
        case .started(let saga, let payload): .started(saga: name(saga), payload: sagas[saga].starts[payload])
        case .handled(let key, let number, let fate): handled(key, number, fate, in: simulation)
        case .repeated(let key, let fate): .repeated(reference(key), fate: fate)
        case .answered(let key, _, let fate): .taken(reference(key), fate: fate)
        case .timerFired(let key, let fate): .silence(reference(key), fate: fate)
        case .deadlinePassed(let saga): .deadline(saga: name(saga))
        case .retried(let saga):
            .ordered(saga: name(saga), OperatorOrder(.retry, reason: "checked", who: "checker"))
        case .published: nil
        case .arrived(let event, let saga, let step, let payload):
            .occurred(
                saga: name(saga), event: events[event],
                payload: eventPayload(event, saga: saga, step: step, payload: payload, in: simulation))
        case .moved(let aggregate, let move):
            .moved(aggregates[aggregate].name, move: aggregates[aggregate].moves[move].name)
        case .lostCommand(let key): .lostCommand(reference(key))
        case .lostReply(let key, _): .lostReply(reference(key))
        case .lostEvent: nil
        }
    }

    private func handled(
        _ key: TurnKey, _ number: Int, _ fate: Occurrence.Fate, in simulation: Simulation
    ) -> Scenario.Given {
        let call = sagas[Int(key.saga)].steps[Int(key.step)].call(key.direction)
        let value = call.flatMap { commands[$0.command].aggregate }.map { simulation.values[$0] }
        let outcomes = handle(
            saga: Int(key.saga), step: Int(key.step), direction: key.direction, value: value,
            fence: simulation.fences[Int(key.saga)][Int(key.step)])
        let variant = call?.variants[outcomes[number].variant]
        let isUnclear = call.map { commands[$0.command].unclear.contains(variant?.name ?? "") } ?? false
        return .handled(
            reference(key), reply: variant?.name, payload: variant?.payload, fate: fate,
            hasEffect: isUnclear && outcomes[number].value != value)
    }

    private func eventPayload(
        _ event: Int, saga: Int, step: Int, payload: Int, in simulation: Simulation
    ) -> Record? {
        let inputs = WorldInputs(world: self, saga: saga)
        let input = inputs.event(event, step: step, payload: payload, to: simulation.instances[saga])
        guard case .occurred(let event) = input.happening else { return nil }
        return event.payload
    }

    private func expectation(against violation: Violation) -> Scenario.Expectation {
        switch violation {
        case .requirementBroken(let saga, _): .promiseKept(saga: name(saga))
        case .effectLeft(let saga, let step):
            .undone(Scenario.StepReference(saga: name(saga), sagas[saga].definition.steps[step].id))
        case .lockLeft(let aggregate): .unlocked(aggregates[aggregate].name)
        case .neverEnds(let saga): .over(saga: name(saga))
        case .undoneAfterPivot: .goesForward
        }
    }

    /// The saga's name where there are several, else nil.
    private func name(_ saga: Int) -> String? {
        sagas.count > 1 ? sagas[saga].original.name : nil
    }

    private func reference(_ key: TurnKey) -> Scenario.StepReference {
        Scenario.StepReference(
            saga: name(Int(key.saga)), sagas[Int(key.saga)].definition.steps[Int(key.step)].id, key.direction,
            attempt: Int(key.attempt))
    }
}
