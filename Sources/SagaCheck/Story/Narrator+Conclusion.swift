import SagaModel

extension Narrator {
    /// What is wrong after the story.
    func conclusion(of violation: Violation, in simulation: Simulation) -> String {
        switch violation {
        case .requirementBroken(let saga, let outcome):
            let name = world.sagas[saga].definition.outcomes[outcome].name
            let requirement = world.sagas[saga].requirements[outcome]
            let states = states(of: requirement, in: simulation)
            return "\(self.name(saga)) has ended as \(name), but not as that requires: \(states)."
        case .effectLeft(let saga, let step):
            let id = world.sagas[saga].definition.steps[step].id
            let state = affected(saga, step).map { ": " + self.state(of: $0, in: simulation) } ?? ""
            return "\(name(saga)) has rolled back, but the effect of \(id) is still there\(state)."
        case .lockLeft(let aggregate):
            return "no saga is under way, but \(state(of: aggregate, in: simulation)), which is a lock."
        case .neverEnds(let saga):
            return "nothing can happen any more, but \(name(saga)) \(condition(of: simulation.instances[saga], saga))."
        case .undoneAfterPivot(let saga):
            return "\(name(saga)) undoes something although its pivot has succeeded."
        }
    }

    private func states(of requirement: StateCondition?, in simulation: Simulation) -> String {
        let aggregates = requirement?.aggregates.sorted() ?? []
        let states = aggregates.map { state(of: $0, in: simulation) }
        guard states.count > 1, let last = states.last else { return states.first ?? "its promise is not kept" }
        return states.dropLast().joined(separator: ", ") + " and " + last
    }

    private func state(of aggregate: Int, in simulation: Simulation) -> String {
        let model = world.aggregates[aggregate]
        return "\(model.name) is \(model.states[Int(simulation.values[aggregate].state)])"
    }

    private func affected(_ saga: Int, _ step: Int) -> Int? {
        world.sagas[saga].steps[step].do.flatMap { world.commands[$0.command].aggregate }
    }

    private func condition(of instance: Instance, _ saga: Int) -> String {
        let definition = world.sagas[saga].definition
        guard let pending = instance.pending.first else { return "has not ended" }
        let id = definition.steps[Int(pending.step)].id
        let what = pending.direction == .undo ? "the undo of \(id)" : id
        return pending.state.isStuck ? "is stuck at \(what)" : "waits for \(what)"
    }
}
