import SagaModel

extension ScenarioRun {
    /// What is not as expected, nil when it is.
    func complaint(about expectation: Scenario.Expectation) -> String? {
        switch expectation {
        case .sends(let expected):
            let sent = self.sent.map { "\($0.participant).\($0.name)" }
            return sent == expected ? nil : "expected to send \(list(expected)), sent \(list(sent))"
        case .payload(let command, let members): return complaint(about: members, of: command)
        case .sendsAgain(let isAgain):
            let wrong = sent.first { knownRequests.contains($0.request) != isAgain }
            return wrong.map { "\($0.name) was sent with \(isAgain ? "a new request" : "a request sent before")" }
        case .ignored(let reason): return complaintAboutIgnored(reason)
        case .stuck(let saga, let step, let reason): return complaintAboutStuck(saga, step, reason)
        case .alarm:
            let isRaised = happened.actions.contains { if case .alarm = $0 { true } else { false } }
            return isRaised ? nil : "expected an alarm"
        case .ended(let saga, let outcome): return complaintAboutEnd(saga, outcome)
        case .waiting(let saga):
            return withInstance(saga) { instance, _ in
                instance.isOver ? "the saga has ended" : instance.isStuck ? "the saga is stuck" : nil
            }
        case .data(let saga, let members): return complaint(aboutData: members, of: saga)
        case .states(let states): return states.lazy.compactMap { complaint(about: $0) }.first
        case .promiseKept(let saga): return complaintAboutPromise(saga)
        case .undone(let reference): return complaintAboutEffect(reference)
        case .unlocked(let name): return complaintAboutLock(name)
        case .over(let saga):
            return withInstance(saga) { instance, definition in
                instance.isOver ? nil : "the saga has not ended: \(situation(instance, definition))"
            }
        case .goesForward:
            let undo = sent.first { $0.turn.direction == .undo || $0.turn.step == Start.stepID }
            return undo.map { "\($0.name) undoes something" }
        }
    }

    private var sent: [Command] {
        happened.actions.compactMap { if case .send(let command) = $0 { command } else { nil } }
    }

    private func list(_ names: [String]) -> String {
        names.isEmpty ? "nothing" : names.joined(separator: ", ")
    }

    private func withInstance(_ name: String?, _ body: (Instance, CompiledDefinition) -> String?) -> String? {
        do throws(ScenarioMismatch) {
            let saga = try saga(name)
            return body(simulation.instances[saga], world.sagas[saga].definition)
        } catch {
            return error.message
        }
    }

    // MARK: What was done

    private func complaint(about members: Record, of type: String) -> String? {
        guard let command = sent.first(where: { "\($0.participant).\($0.name)" == type }) else {
            return "expected to send \(type), sent \(list(sent.map { "\($0.participant).\($0.name)" }))"
        }
        for member in members.members where command.payload[member.name] != member.value {
            let found = command.payload[member.name].map { CanonicalJSON.text(of: $0) } ?? "absent"
            return "\(member.name) of \(type) is \(found), not \(CanonicalJSON.text(of: member.value))"
        }
        return nil
    }

    private func complaintAboutIgnored(_ words: String?) -> String? {
        for case .ignore(let reason) in happened.actions {
            return words == nil || reason.words == words ? nil : "it was ignored because \(reason.words)"
        }
        return "it was not ignored"
    }

    private func complaintAboutStuck(_ saga: String?, _ step: String, _ words: String?) -> String? {
        withInstance(saga) { instance, definition in
            guard let index = definition.index(ofStep: step) else { return "there is no step `\(step)`" }
            let isStuck = instance.pending.contains { $0.step == UInt8(index) && $0.state.isStuck }
            guard isStuck else { return "the saga is not stuck at \(step): \(situation(instance, definition))" }
            guard let words else { return nil }
            for case .stick(let turn, let reason) in happened.actions where turn.step == step {
                return reason.words == words ? nil : "it is stuck because \(reason.words)"
            }
            return "it was stuck before"
        }
    }

    private func complaintAboutEnd(_ saga: String?, _ outcome: String) -> String? {
        withInstance(saga) { instance, definition in
            guard let index = instance.outcome else {
                return "the saga has not ended: \(situation(instance, definition))"
            }
            let name = definition.outcomes[Int(index)].name
            return name == outcome ? nil : "the saga has ended as \(name)"
        }
    }

    // MARK: What is

    private func complaint(aboutData members: Record, of saga: String?) -> String? {
        withInstance(saga) { instance, definition in
            for member in members.members {
                guard let slot = definition.slotNames.firstIndex(of: member.name), slot < instance.data.count else {
                    return "there is no data field `\(member.name)`"
                }
                let value = instance.data[slot] ?? .null
                guard value == member.value else { return "\(member.name) is \(CanonicalJSON.text(of: value))" }
            }
            return nil
        }
    }

    private func complaint(about expected: StartState) -> String? {
        guard let aggregate = world.aggregates.firstIndex(where: { $0.name == expected.aggregate }) else {
            return "there is no aggregate `\(expected.aggregate)`"
        }
        let state = world.aggregates[aggregate].states[Int(simulation.values[aggregate].state)]
        return expected.states.contains(state) ? nil : "\(expected.aggregate) is \(state)"
    }

    private func complaintAboutPromise(_ name: String?) -> String? {
        withInstance(name) { instance, definition in
            guard let outcome = instance.outcome,
                let saga = world.sagas.firstIndex(where: { $0.definition === definition }),
                let requirement = world.sagas[saga].requirements[Int(outcome)],
                !requirement.holds({ simulation.values[$0].state })
            else { return nil }
            return Narrator(world: world).conclusion(
                of: .requirementBroken(saga: saga, outcome: Int(outcome)), in: simulation)
        }
    }

    private func complaintAboutEffect(_ reference: Scenario.StepReference) -> String? {
        withInstance(reference.saga) { _, definition in
            guard let step = definition.index(ofStep: reference.step),
                let saga = world.sagas.firstIndex(where: { $0.definition === definition })
            else { return "there is no step `\(reference.step)`" }
            guard simulation.fences[saga][step] == .done else { return nil }
            return Narrator(world: world).conclusion(of: .effectLeft(saga: saga, step: step), in: simulation)
        }
    }

    private func complaintAboutLock(_ name: AggregateName) -> String? {
        guard let aggregate = world.aggregates.firstIndex(where: { $0.name == name }) else {
            return "there is no aggregate `\(name)`"
        }
        let state = simulation.values[aggregate].state
        return world.aggregates[aggregate].pending.contains(state)
            ? "\(name) is \(world.aggregates[aggregate].states[Int(state)]), which is a lock" : nil
    }

    private func situation(_ instance: Instance, _ definition: CompiledDefinition) -> String {
        guard instance.phase != .unstarted else { return "it has not started" }
        let pending = instance.pending.map { pending in
            let what = pending.state.isStuck ? "is stuck at" : "waits for"
            let id = definition.steps[Int(pending.step)].id
            return "it \(what) \(pending.direction == .undo ? "the undo of " : "")\(id)"
        }
        return pending.isEmpty ? "it is \(instance.phase.rawValue)" : pending.joined(separator: ", ")
    }
}
