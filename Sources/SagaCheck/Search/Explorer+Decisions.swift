import SagaModel

extension Explorer {
    /// Numbers the inputs that do not belong to a turn.
    mutating func registerCodes() {
        for saga in world.sagas.indices {
            for payload in world.sagas[saga].starts.indices { _ = tables[saga].number(of: .start(payload: payload)) }
            _ = tables[saga].number(of: .deadline)
            _ = tables[saga].number(of: .retry)
            for (step, model) in world.sagas[saga].steps.enumerated() {
                for awaited in model.awaited {
                    for payload in awaited.payloads.indices {
                        _ = tables[saga].number(of: .event(awaited.event, step: step, payload: payload))
                    }
                }
            }
        }
    }

    func code(_ code: SagaTable.Code, of saga: Int) -> Int {
        tables[saga].codes.firstIndex(of: code) ?? 0
    }

    /// What the machine makes of the input; asked once, then looked up.
    @inline(__always)
    mutating func decide(_ saga: Int, _ instance: Int, _ code: Int) -> Int {
        tables[saga].decision(instance, code) ?? decideAnew(saga, instance, code)
    }

    private mutating func decideAnew(_ saga: Int, _ number: Int, _ code: Int) -> Int {
        let instance = tables[saga].instances[number]
        let decider = WeakenedMachine(world: world, saga: saga)
        let (decided, actions) = decider.decide(instance, input(tables[saga].codes[code], to: instance, of: saga))
        let next = world.sagas[saga].withoutUnreadData(decided)
        let commands = actions.compactMap { if case .send(let command) = $0 { command } else { nil } }
        let sends = commands.map { register($0, of: saga) }
        let isCompensation = commands.contains { $0.turn.direction == .undo || $0.turn.step == Start.stepID }
        let interned = tables[saga].intern(next)
        if interned.isNew {
            if interned.number > layout.size.instanceCountMax { isFull = true }
            summarise(next, in: saga)
        }
        let isIgnored = actions.contains { if case .ignore = $0 { true } else { false } }
        return tables[saga].remember(
            for: number, code, next: interned.number, sends: sends,
            undoesAfterPivot: isCompensation && next.isForwardOnly, isIgnored: isIgnored)
    }

    private func input(_ code: SagaTable.Code, to instance: Instance, of saga: Int) -> Input {
        let inputs = WorldInputs(world: world, saga: saga)
        return switch code {
        case .start(let payload): inputs.start(payload)
        case .reply(let turn, let variant):
            inputs.reply(to: turns[turn].key, request: turns[turn].request, variant: variant)
        case .timer(let turn): inputs.timer(turns[turn].key)
        case .deadline: inputs.deadline
        case .retry: inputs.retry
        case .event(let event, let step, let payload): inputs.event(event, step: step, payload: payload, to: instance)
        }
    }

    private mutating func summarise(_ instance: Instance, in saga: Int) {
        var summary = SagaTable.Summary()
        summary.outcome = instance.outcome.map { Int32($0) } ?? -1
        summary.isCompensated =
            instance.outcome.map { world.sagas[saga].definition.outcomes[Int($0)].end == .compensated } ?? false
        summary.isStuck = instance.isStuck
        summary.isDeadlineSet = instance.isDeadlineSet
        summary.isOver = instance.isOver
        var timers: [SagaTable.Timer] = []
        var awaited = [UInt64](repeating: 0, count: layout.size.messageWordCount)
        for pending in instance.pending {
            let turn = register(
                TurnKey(
                    saga: UInt8(saga), step: pending.step, direction: pending.direction, attempt: pending.attempt),
                request: pending.request)
            if pending.state.isOpen && pending.request != .none {
                for word in awaited.indices { awaited[word] |= bits(of: turn, in: word) }
            }
            guard pending.dueMilliseconds != nil else { continue }
            let isFree = pending.state != .asking || pending.request == .none
            timers.append(SagaTable.Timer(turn: Int32(turn), isFree: isFree))
        }
        tables[saga].summarise(summary, timers: timers, awaited: awaited)
    }

    @inline(__always)
    func bits(of turn: Int, in word: Int) -> UInt64 {
        turnBits[turn * layout.size.messageWordCount + word]
    }

    // MARK: Turns

    private mutating func register(_ command: Command, of saga: Int) -> Int {
        let step = world.sagas[saga].definition.index(ofStep: command.turn.step) ?? 0
        return register(
            TurnKey(
                saga: UInt8(saga), step: UInt8(step), direction: command.turn.direction,
                attempt: UInt16(command.turn.attempt)), request: command.request)
    }

    private mutating func register(_ key: TurnKey, request: Identifier) -> Int {
        if let number = turnNumbers[key] {
            if request != .none { turns[number].request = request }
            return number
        }
        let saga = Int(key.saga)
        let call = world.sagas[saga].steps[Int(key.step)].call(key.direction)
        let step = world.sagas[saga].definition.steps[Int(key.step)].id
        let number = turns.count
        turnNumbers[key] = number
        turns.append(
            TurnInWorld(
                key: key, turn: Turn(step: step, direction: key.direction, attempt: Int(key.attempt)), call: call,
                request: request))
        addFields(of: number, saga: saga, step: Int(key.step), call)
        own(number)
        return number
    }

    /// Gives the turn its bits, its codes and its place among the outcomes.
    private mutating func addFields(of number: Int, saga: Int, step: Int, _ call: CallModel?) {
        let isShared = world.rules.inbox != .none
        let variantCount = call?.variants.count ?? 0
        var found: (commands: BitField, replies: [BitField], stored: BitField) = (.none, [.none], .none)
        if call != nil {
            if let fields = layout.messageFields(of: world, variantCount: variantCount, isShared: isShared) {
                found = fields
            } else {
                isFull = true
            }
        }
        let firstReplyCode = tables[saga].codes.count
        for variant in 0..<variantCount { _ = tables[saga].number(of: .reply(turn: number, variant: variant)) }
        let aggregate = call.flatMap { world.commands[$0.command].aggregate }
        fields.append(
            TurnFields(
                saga: saga, step: step, aggregate: aggregate ?? -1, commands: found.commands, stored: found.stored,
                fence: layout.fences[saga][step], firstReply: replyFields.count, replyFieldCount: found.replies.count,
                firstReplyCode: firstReplyCode, timerCode: tables[saga].number(of: .timer(turn: number)),
                firstOutcome: outcomeRanges.count))
        for variant in 0..<variantCount {
            replyFields.append(found.replies[isShared ? 0 : min(variant, found.replies.count - 1)])
        }
        outcomeRanges += repeatElement(OutcomeRange(), count: 3 * valueCount(of: aggregate))
    }

    /// How many values the aggregate can have.
    private func valueCount(of aggregate: Int?) -> Int {
        guard let aggregate else { return 1 }
        let stateCount = world.aggregates[aggregate].states.count
        return stateCount * stateCount * (world.sagas.count + 1)
    }

    private mutating func own(_ number: Int) {
        let wordCount = layout.size.messageWordCount
        turnBits += repeatElement(0, count: wordCount)
        let saga = fields[number].saga
        let commands = fields[number].commands
        commandBits[saga * wordCount + commands.word] |= commands.bits
        var owned = [commands]
        for variant in 0..<fields[number].replyFieldCount where turns[number].call != nil {
            let reply = replyFields[fields[number].firstReply + variant]
            replyBits[saga * wordCount + reply.word] |= reply.bits
            owned.append(reply)
        }
        for field in owned where field.mask != 0 {
            turnBits[number * wordCount + field.word] |= field.bits
            for bit in 0..<64 where field.bits & 1 << UInt64(bit) != 0 { owners[field.word * 64 + bit] = number }
        }
    }
}
