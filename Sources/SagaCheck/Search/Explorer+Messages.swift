extension Explorer {
    /// Delivers every message under way, in every way it can be delivered.
    mutating func deliverMessages() {
        for word in 0..<layout.size.messageWordCount {
            var bits = buffers.state[word]
            while bits != 0 {
                let turn = owners[word * 64 + bits.trailingZeroBitCount]
                // A turn's fields may lie in two words; each field is looked at with the word it lies in.
                bits &= ~self.bits(of: turn, in: word)
                deliver(turn, fields[turn], in: word)
            }
        }
    }

    private mutating func deliver(_ turn: Int, _ fields: TurnFields, in word: Int) {
        if fields.commands.word == word, fields.commands.read(buffers.state) > 0 {
            deliverCommand(turn, fields)
            loseCommand(turn, fields)
        }
        for variant in 0..<fields.replyFieldCount {
            let field = replyFields[fields.firstReply + variant]
            guard field.word == word, field.read(buffers.state) > 0 else { continue }
            let isShared = fields.stored.mask != 0
            deliverReply(turn, fields, field, variant: isShared ? fields.stored.read(buffers.state) - 1 : variant)
        }
    }

    // MARK: Commands

    private mutating func deliverCommand(_ turn: Int, _ fields: TurnFields) {
        let stored = fields.stored.read(buffers.state)
        if stored > 0 { return repeatCommand(turn, fields, stored: stored) }
        let range = outcomeRange(turn, fields)
        for index in Int(range.first)..<Int(range.first + range.count) {
            let outcome = outcomes[index]
            if outcome.isBoundedFailure && layout.failures.read(buffers.state) == 0 { continue }
            let number = index - Int(range.first)
            handle(turn, fields, outcome, number, .plain)
            if layout.duplicates.read(buffers.state) > 0 { handle(turn, fields, outcome, number, .duplicated) }
            if layout.crashes.read(buffers.state) > 0 {
                handle(turn, fields, outcome, number, .crashedBeforePublishing)
                handle(turn, fields, outcome, number, .crashedAfterPublishing)
            }
        }
    }

    private mutating func handle(
        _ turn: Int, _ fields: TurnFields, _ outcome: HandlerOutcome, _ number: Int, _ fate: Occurrence.Fate
    ) {
        beginNext()
        if outcome.isBoundedFailure { layout.failures.decrement(buffers.next) }
        if fields.aggregate >= 0, let value = outcome.value { write(value, of: fields.aggregate) }
        if fields.fence.mask != 0 { fields.fence.write(Int(outcome.fence.rawValue), to: buffers.next) }
        if fields.stored.mask != 0 { fields.stored.write(outcome.variant + 1, to: buffers.next) }
        answer(fields, variant: outcome.variant, fate)
        finishNext(.handled(turns[turn].key, outcome: number, fate: fate))
    }

    /// A command that the inbox knows: answered again, or dropped.
    private mutating func repeatCommand(_ turn: Int, _ fields: TurnFields, stored: Int) {
        guard world.rules.inbox != .dropping else {
            beginNext()
            fields.commands.decrement(buffers.next)
            return finishNext(.repeated(turns[turn].key, fate: .plain))
        }
        answerAgain(turn, fields, stored: stored, .plain)
        if layout.duplicates.read(buffers.state) > 0 { answerAgain(turn, fields, stored: stored, .duplicated) }
        if layout.crashes.read(buffers.state) > 0 {
            answerAgain(turn, fields, stored: stored, .crashedBeforePublishing)
            answerAgain(turn, fields, stored: stored, .crashedAfterPublishing)
        }
    }

    private mutating func answerAgain(_ turn: Int, _ fields: TurnFields, stored: Int, _ fate: Occurrence.Fate) {
        beginNext()
        answer(fields, variant: stored - 1, fate)
        finishNext(.repeated(turns[turn].key, fate: fate))
    }

    /// Takes the command off the queue and puts the reply on its way, as the fate says.
    private func answer(_ fields: TurnFields, variant: Int, _ fate: Occurrence.Fate) {
        spend(fate)
        if fate == .plain { fields.commands.decrement(buffers.next) }
        let reply = replyFields[fields.firstReply + variant]
        reply.increment(buffers.next)
        if fate == .crashedAfterPublishing { reply.increment(buffers.next) }
    }

    private func spend(_ fate: Occurrence.Fate) {
        switch fate {
        case .plain: break
        case .duplicated: layout.duplicates.decrement(buffers.next)
        case .crashedBeforePublishing, .crashedAfterPublishing: layout.crashes.decrement(buffers.next)
        }
    }

    private mutating func loseCommand(_ turn: Int, _ fields: TurnFields) {
        guard layout.losses.read(buffers.state) > 0 else { return }
        beginNext()
        layout.losses.decrement(buffers.next)
        fields.commands.decrement(buffers.next)
        finishNext(.lostCommand(turns[turn].key))
    }

    /// The ways the participant may handle the command; asked once, then looked up.
    private mutating func outcomeRange(_ turn: Int, _ fields: TurnFields) -> OutcomeRange {
        let fence = fields.fence.read(buffers.state)
        var slot = 0
        var value: AggregateValue?
        if fields.aggregate >= 0 {
            let found = self.value(of: fields.aggregate, in: buffers.state)
            let stateCount = world.aggregates[fields.aggregate].states.count
            slot = (Int(found.writer) * stateCount + Int(found.remembered)) * stateCount + Int(found.state)
            value = found
        }
        slot = fields.firstOutcome + slot * 3 + fence
        if outcomeRanges[slot].first < 0 {
            let found = world.handle(
                saga: fields.saga, step: fields.step, direction: turns[turn].key.direction, value: value,
                fence: Fence(rawValue: UInt8(fence)) ?? .open)
            outcomeRanges[slot] = OutcomeRange(first: Int32(outcomes.count), count: Int32(found.count))
            outcomes += found
        }
        return outcomeRanges[slot]
    }

    // MARK: Replies

    private mutating func deliverReply(_ turn: Int, _ fields: TurnFields, _ field: BitField, variant: Int) {
        let instance = layout.instances[fields.saga].read(buffers.state)
        let decision = decide(fields.saga, instance, fields.firstReplyCode + variant)
        let sends = tables[fields.saga].decided[decision].sendCount > 0
        takeReply(turn, fields, field, variant: variant, decision, .plain)
        // With correlation a reply once taken is never awaited again, so a second copy of it changes nothing; the state
        // with the fault spent can do nothing that the state without it cannot. Only commands sent twice matter.
        if !isReduced && layout.duplicates.read(buffers.state) > 0 {
            takeReply(turn, fields, field, variant: variant, decision, .duplicated)
        }
        if layout.crashes.read(buffers.state) > 0 {
            if !isReduced { takeReply(turn, fields, field, variant: variant, decision, .crashedBeforePublishing) }
            if sends || !isReduced {
                takeReply(turn, fields, field, variant: variant, decision, .crashedAfterPublishing)
            }
        }
        guard layout.losses.read(buffers.state) > 0 else { return }
        beginNext()
        layout.losses.decrement(buffers.next)
        field.decrement(buffers.next)
        finishNext(.lostReply(turns[turn].key, variant: variant))
    }

    private mutating func takeReply(
        _ turn: Int, _ fields: TurnFields, _ field: BitField, variant: Int, _ decision: Int, _ fate: Occurrence.Fate
    ) {
        beginNext()
        spend(fate)
        if fate == .plain { field.decrement(buffers.next) }
        apply(decision, to: fields.saga, copies: fate == .crashedAfterPublishing ? 2 : 1)
        finishNext(.answered(turns[turn].key, variant: variant, fate: fate))
    }

    /// Puts the saga into its next instance and its commands on their way.
    mutating func apply(_ decision: Int, to saga: Int, copies: Int) {
        let decided = tables[saga].decided[decision]
        layout.instances[saga].write(Int(decided.next), to: buffers.next)
        for send in Int(decided.firstSend)..<Int(decided.firstSend + decided.sendCount) {
            let commands = fields[Int(tables[saga].sends[send])].commands
            for _ in 0..<copies { commands.increment(buffers.next) }
        }
        if decided.undoesAfterPivot { undoneAfterPivot = saga }
    }
}
