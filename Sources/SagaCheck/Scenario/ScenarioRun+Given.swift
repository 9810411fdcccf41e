import SagaModel

extension ScenarioRun {
    /// Lets something happen.
    mutating func give(_ given: Scenario.Given) throws(ScenarioMismatch) -> Happened {
        switch given {
        case .started(let name, let payload):
            let saga = try saga(name)
            return simulation.start(saga, payload: payload ?? world.sagas[saga].starts[0])
        case .replied(let reference, let name, let payload):
            return try reply(to: reference, name, payload)
        case .handled(let reference, let reply, let payload, let fate, let hasEffect):
            return try handle(try key(reference), reply, payload, fate, hasEffect: hasEffect)
        case .repeated(let reference, let fate):
            let key = try key(reference)
            return try possible { simulation throws(ImpossibleOccurrence) in
                try simulation.handleAgain(key, fate: fate)
            }
        case .taken(let reference, let fate): return try take(try key(reference), fate: fate)
        case .forged(let reference, let reply, let sender, let attempt, let payload):
            return try forge(try key(reference), reply, sender: sender, attempt: attempt, payload)
        case .silence(let reference, let fate): return try silence(of: try key(reference), fate: fate)
        case .deadline(let name): return simulation.give(.timerFired(.deadline), to: try saga(name))
        case .lostCommand(let reference):
            let key = try key(reference)
            return try possible { simulation throws(ImpossibleOccurrence) in try simulation.apply(.lostCommand(key)) }
        case .lostReply(let reference): return try loseReply(try key(reference))
        case .ordered(let name, let order): return simulation.give(.ordered(order), to: try saga(name))
        case .occurred(let name, let event, let payload): return try occur(event, payload, in: try saga(name))
        case .moved(let aggregate, let move): return try self.move(aggregate, move)
        case .paused(let participant): return tellAll(.paused(participant: participant))
        case .resumed(let participant): return tellAll(.resumed(participant: participant))
        }
    }

    /// Runs a part of the simulation that may be impossible.
    private mutating func possible(
        _ body: (inout Simulation) throws(ImpossibleOccurrence) -> Happened
    ) throws(ScenarioMismatch) -> Happened {
        do throws(ImpossibleOccurrence) {
            return try body(&simulation)
        } catch {
            throw ScenarioMismatch(error)
        }
    }

    // MARK: Names

    func saga(_ name: String?) throws(ScenarioMismatch) -> Int {
        guard let name else { return 0 }
        guard let saga = world.sagas.firstIndex(where: { $0.original.name == name }) else {
            throw ScenarioMismatch("The scenario has no saga `\(name)`.")
        }
        return saga
    }

    /// The turn meant: the latest try that was sent or waits.
    func key(_ reference: Scenario.StepReference) throws(ScenarioMismatch) -> TurnKey {
        let saga = try saga(reference.saga)
        guard let step = world.sagas[saga].definition.index(ofStep: reference.step) else {
            throw ScenarioMismatch("\(world.sagas[saga].original.name) has no step `\(reference.step)`.")
        }
        let pending = simulation.instances[saga].pending.filter {
            $0.step == UInt8(step) && $0.direction == reference.direction
        }
        let sent = simulation.requests.keys.filter {
            $0.saga == UInt8(saga) && $0.step == UInt8(step) && $0.direction == reference.direction
        }
        let latest = max(pending.map(\.attempt).max() ?? 0, sent.map(\.attempt).max() ?? 0)
        guard latest > 0 else {
            let what = reference.direction == .undo ? "The undo of `\(reference.step)`" : "`\(reference.step)`"
            throw ScenarioMismatch("\(what) was not begun.")
        }
        let attempt = reference.attempt.map { UInt16(clamping: $0) } ?? latest
        return TurnKey(saga: UInt8(saga), step: UInt8(step), direction: reference.direction, attempt: attempt)
    }

    // MARK: Messages

    private mutating func reply(
        to reference: Scenario.StepReference, _ name: String, _ payload: Record?
    ) throws(ScenarioMismatch) -> Happened {
        let key = try key(reference)
        if simulation.replies[key]?.keys.contains(where: { $0.name == name }) != true {
            let handled = try handle(key, name, payload, .plain)
            try tell(.handled(reference, reply: name, payload: payload, fate: .plain), handled)
        }
        return try take(key, named: name, fate: .plain)
    }

    private mutating func handle(
        _ key: TurnKey, _ name: String?, _ payload: Record?, _ fate: Occurrence.Fate, hasEffect: Bool = false
    ) throws(ScenarioMismatch) -> Happened {
        let outcomes: [HandlerOutcome]
        let call: CallModel
        do throws(ImpossibleOccurrence) {
            (outcomes, call) = try simulation.outcomes(of: key)
        } catch {
            throw ScenarioMismatch(error)
        }
        let named = outcomes.filter { name == nil || call.variants[$0.variant].name == name }
        // Of an unclear failure there are two: without the effect, and with it.
        let outcome = hasEffect ? named.first { $0.value != named[0].value } : named.first
        if hasEffect, outcome == nil, !named.isEmpty {
            throw ScenarioMismatch("`\(name ?? "")` leaves no effect in doubt there.")
        }
        guard let outcome else {
            let names = outcomes.map { call.variants[$0.variant].name }
            throw ScenarioMismatch(
                "\(world.commands[call.command].participant) cannot answer `\(name ?? "")` to "
                    + "\(world.commands[call.command].name) now, only \(names.joined(separator: " or ")).")
        }
        let variant = call.variants[outcome.variant]
        let answer = Simulation.Answer(name: variant.name, payload: payload ?? variant.payload)
        return try possible { simulation throws(ImpossibleOccurrence) in
            try simulation.handle(key, outcome, answer, fate: fate)
        }
    }

    private mutating func take(
        _ key: TurnKey, named name: String? = nil, fate: Occurrence.Fate
    ) throws(ScenarioMismatch) -> Happened {
        let underWay = simulation.replies[key]?.keys.filter { name == nil || $0.name == name } ?? []
        // A reply that was taken may come once more: the broker promises at least once.
        guard let answer = underWay.min(by: { $0.name < $1.name }) ?? (fate == .plain ? nil : simulation.stored[key])
        else { throw ScenarioMismatch("No reply to that command is under way.") }
        if underWay.isEmpty { simulation.replies[key, default: [:]][answer, default: 0] += 1 }
        return try possible { simulation throws(ImpossibleOccurrence) in
            try simulation.takeReply(key, answer, fate: underWay.isEmpty ? .plain : fate)
        }
    }

    private mutating func forge(
        _ key: TurnKey, _ name: String, sender: String?, attempt: Int?, _ payload: Record?
    ) throws(ScenarioMismatch) -> Happened {
        guard let call = simulation.call(key), let request = simulation.requests[key] else {
            throw ScenarioMismatch("Nothing was asked there.")
        }
        var turn = WorldInputs(world: world, saga: Int(key.saga)).turn(key)
        turn.attempt = attempt ?? turn.attempt
        let reply = Reply(
            causation: request, sender: sender ?? world.commands[call.command].participant, name: name, turn: turn,
            payload: payload ?? [:])
        return simulation.give(.replied(reply), to: Int(key.saga))
    }

    private mutating func loseReply(_ key: TurnKey) throws(ScenarioMismatch) -> Happened {
        guard let answer = simulation.replies[key]?.keys.min(by: { $0.name < $1.name }) else {
            throw ScenarioMismatch("No reply to that command is under way.")
        }
        return try possible { simulation throws(ImpossibleOccurrence) in
            try simulation.removeReply(key, answer)
            return Happened(turn: key, answer: answer.name, manner: .lost)
        }
    }

    // MARK: Time, events, moves

    private mutating func silence(of key: TurnKey, fate: Occurrence.Fate) throws(ScenarioMismatch) -> Happened {
        let pending = simulation.instances[Int(key.saga)].pending.first {
            $0.step == key.step && $0.direction == key.direction && $0.attempt == key.attempt
        }
        if let due = pending?.dueMilliseconds, pending?.state == .asking || pending?.state == .backingOff {
            simulation.milliseconds = max(simulation.milliseconds, due)
        }
        return simulation.fireTimer(key, fate: fate)
    }

    private mutating func occur(
        _ event: String, _ payload: Record?, in saga: Int
    ) throws(ScenarioMismatch) -> Happened {
        guard let index = world.events.firstIndex(of: event) else {
            guard let payload else { throw ScenarioMismatch("No saga waits for `\(event)`, so it needs a payload.") }
            return simulation.give(.occurred(Event(type: event, payload: payload)), to: saga)
        }
        if let payload { return simulation.give(.occurred(Event(type: event, payload: payload)), to: saga) }
        let steps = world.sagas[saga].steps
        guard let step = steps.firstIndex(where: { $0.awaited.contains { $0.event == index } }) else {
            throw ScenarioMismatch("\(world.sagas[saga].original.name) does not wait for `\(event)`.")
        }
        let inputs = WorldInputs(world: world, saga: saga)
        let input = inputs.event(index, step: step, payload: 0, to: simulation.instances[saga])
        return simulation.give(input.happening, to: saga)
    }

    private mutating func move(_ name: AggregateName, _ move: String) throws(ScenarioMismatch) -> Happened {
        guard let aggregate = world.aggregates.firstIndex(where: { $0.name == name }),
            let index = world.aggregates[aggregate].moves.firstIndex(where: { $0.name == move })
        else { throw ScenarioMismatch("`\(name)` has no move `\(move)`.") }
        return try possible { simulation throws(ImpossibleOccurrence) in try simulation.move(aggregate, by: index) }
    }

    /// Tells every saga that is under way.
    private mutating func tellAll(_ happening: Input.Happening) -> Happened {
        var all = Happened()
        for saga in world.sagas.indices where simulation.instances[saga].phase != .unstarted {
            all.actions += simulation.give(happening, to: saga).actions
        }
        return all
    }
}
