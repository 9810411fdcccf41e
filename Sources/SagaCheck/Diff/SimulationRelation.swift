import SagaModel

/// Runs two versions of a saga side by side, input by input.
struct SimulationRelation {
    private let old: World
    private let new: World
    private let renames: [String: String]
    /// Old and new instance so far; the new one is nil where they have acted differently before.
    private var queue: [Pair] = []
    private var seen: Set<Pair> = []
    private var order: [Place] = []
    private var reasons: [Place: String?] = [:]
    private let pairCountMax: Int

    private struct Pair: Hashable {
        var old: Instance
        var new: Instance?
        /// Why there is no new one.
        var reason: String?
    }

    init(
        from old: Definition, to new: Definition, renames: [String: String], pairCountMax: Int
    ) throws(DefinitionFaults) {
        // Two attempts show what a policy does; how many there are is no difference that matters.
        let bounds = Bounds(attempts: 2)
        self.old = try World([old], bounds: bounds, versions: [new])
        self.new = try World([new], bounds: bounds)
        self.renames = renames
        self.pairCountMax = pairCountMax
    }

    /// What every place of the old version comes to.
    ///
    /// - Parameter report: Told from time to time how many pairs were found; false ends the comparison.
    mutating func verdicts(_ report: (Int) -> Bool) -> [DefinitionDiff.PlaceVerdict] {
        for payload in old.sagas[0].starts.indices {
            let input = WorldInputs(world: old, saga: 0).start(payload)
            follow(Pair(old: .unstarted, new: .unstarted), old: input, new: input)
        }
        var next = 0
        var isEnded = false
        while next < queue.count, !isEnded {
            let pair = queue[next]
            next += 1
            for input in inputs(to: pair.old) {
                follow(pair, old: input, new: pair.new.map { translated(input, for: $0) })
            }
            let isTooFar = seen.count >= pairCountMax || (next & 0xfff == 0 && !report(seen.count))
            isEnded = isTooFar && next < queue.count
        }
        let gap = isEnded ? "the comparison was ended after \(seen.count) pairs of instances" : gapOfPayloads
        return order.map { DefinitionDiff.PlaceVerdict(place: $0, reason: (reasons[$0] ?? nil) ?? gap) }
    }

    /// Why nothing is proven, when not every payload was given that guards tell apart.
    private var gapOfPayloads: String? {
        old.cutMessages.first.map { "guards tell apart more payloads of \($0) than were compared" }
    }

    private mutating func follow(_ pair: Pair, old input: Input, new newInput: Input?) {
        let (oldNext, oldActions) = SagaMachine.decide(old.sagas[0].definition, pair.old, input)
        var next = Pair(old: oldNext, reason: pair.reason)
        if let instance = pair.new, let newInput {
            let (newNext, newActions) = SagaMachine.decide(new.sagas[0].definition, instance, newInput)
            next.reason = difference(oldActions, newActions) ?? mismatch(oldNext, newNext)
            if next.reason == nil { next.new = newNext }
        }
        guard !oldNext.isOver, seen.insert(next).inserted else { return }
        queue.append(next)
        let place = Place(oldNext, of: old.sagas[0].definition)
        if reasons[place] == nil {
            order.append(place)
            reasons[place] = .some(next.reason)
        } else if let reason = next.reason, reasons[place] == .some(nil) {
            reasons[place] = .some(reason)
        }
    }

    // MARK: Inputs

    /// Everything that can be given to the instance and is not ignored for sure.
    private func inputs(to instance: Instance) -> [Input] {
        let inputs = WorldInputs(world: old, saga: 0)
        var all: [Input] = []
        for pending in instance.pending {
            let key = TurnKey(saga: 0, step: pending.step, direction: pending.direction, attempt: pending.attempt)
            if pending.state.isOpen, pending.request != .none,
                let call = old.sagas[0].steps[Int(pending.step)].call(pending.direction)
            {
                for variant in call.variants.indices {
                    all.append(inputs.reply(to: key, request: pending.request, variant: variant))
                }
            }
            if pending.dueMilliseconds != nil { all.append(inputs.timer(key)) }
        }
        if instance.isDeadlineSet { all.append(inputs.deadline) }
        for (step, model) in old.sagas[0].steps.enumerated() {
            for awaited in model.awaited {
                for payload in awaited.payloads.indices {
                    all.append(inputs.event(awaited.event, step: step, payload: payload, to: instance))
                }
            }
        }
        return all
    }

    /// The input as the new version gets it: the same, for the step's new name and the new request.
    private func translated(_ input: Input, for instance: Instance) -> Input {
        var input = input
        switch input.happening {
        case .replied(var reply):
            reply.turn = translated(reply.turn)
            reply.causation = request(of: reply.turn, in: instance)
            input.happening = .replied(reply)
        case .timerFired(let turn): input.happening = .timerFired(translated(turn))
        case .started, .occurred, .ordered, .paused, .resumed: break
        }
        return input
    }

    private func translated(_ turn: Turn) -> Turn {
        var turn = turn
        turn.step = renames[turn.step] ?? turn.step
        return turn
    }

    private func request(of turn: Turn, in instance: Instance) -> Identifier {
        let definition = new.sagas[0].definition
        let pending = instance.pending.first { pending in
            definition.steps[Int(pending.step)].id == turn.step && pending.direction == turn.direction
                && Int(pending.attempt) == turn.attempt
        }
        return pending?.request ?? .none
    }

    // MARK: Differences

    /// What the two versions do differently, nil when they do the same; timers may differ.
    private func difference(_ oldActions: [Action], _ newActions: [Action]) -> String? {
        let (olds, news) = (deeds(oldActions, isOld: true), deeds(newActions, isOld: false))
        guard olds != news else { return nil }
        let (oldWords, newWords) = (words(oldActions), words(newActions))
        if oldWords == newWords { return "the new version sends another payload with \(oldWords)" }
        return "the old version \(oldWords), the new one \(newWords)"
    }

    /// The actions that others see, with the steps' new names and without request ids.
    private func deeds(_ actions: [Action], isOld: Bool) -> [Action] {
        actions.compactMap { action in
            switch action {
            case .send(var command):
                command.request = .none
                if isOld { command.turn = translated(command.turn) }
                return .send(command)
            case .stick(let turn, let reason): return .stick(isOld ? translated(turn) : turn, reason)
            case .ignore, .finish: return action
            case .setTimer, .cancelTimer, .alarm: return nil
            }
        }
    }

    private func words(_ actions: [Action]) -> String {
        let words = actions.compactMap { action -> String? in
            switch action {
            case .send(let command): "sends \(command.participant).\(command.name)"
            case .stick(let turn, _): "is stuck at \(turn.step)"
            case .finish(let outcome): "ends as \(outcome)"
            case .ignore(let reason): "ignores it because \(reason.words)"
            case .setTimer, .cancelTimer, .alarm: nil
            }
        }
        return words.isEmpty ? "waits" : words.joined(separator: " and ")
    }

    /// Why the translated instance would not be the one that the new version has come to.
    private func mismatch(_ oldInstance: Instance, _ newInstance: Instance) -> String? {
        guard !oldInstance.isOver else { return nil }
        let (oldDefinition, newDefinition) = (old.sagas[0].definition, new.sagas[0].definition)
        guard let moved = oldInstance.moved(from: oldDefinition, to: newDefinition, renames: renames) else {
            return "the new version lacks a step that the instance stands at or has to undo"
        }
        guard moved.data == newInstance.data else { return "the new version holds other data by then" }
        guard Place(moved, of: newDefinition) == Place(newInstance, of: newDefinition),
            moved.stage == newInstance.stage, moved.isDeadlineSet == newInstance.isDeadlineSet
        else { return "the new version stands elsewhere by then" }
        return nil
    }
}
