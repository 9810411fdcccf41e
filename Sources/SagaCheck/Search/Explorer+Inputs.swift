import SagaModel

extension Explorer {
    /// Starts a saga that has not started; its event may come at any time.
    mutating func startSaga(_ saga: Int) {
        guard layout.instances[saga].read(buffers.state) == 0 else { return }
        for payload in world.sagas[saga].starts.indices {
            let decision = decide(saga, 0, payload)
            take(decision, by: saga, costing: .none, as: .started(saga: saga, payload: payload))
        }
    }

    /// Fires every timer that may fire.
    ///
    /// A request's timer fires for free when neither the request nor its reply is under way, because then nothing else
    /// will help; while one is, it fires early and costs a timeout of the bounds.
    mutating func fireTimers(of saga: Int) {
        let instance = layout.instances[saga].read(buffers.state)
        let mayBeEarly = layout.timeouts.read(buffers.state) > 0
        let summary = tables[saga].summaries[instance]
        for index in Int(summary.firstTimer)..<Int(summary.firstTimer + summary.timerCount) {
            let timer = tables[saga].timers[index]
            let turn = Int(timer.turn)
            let isFree = timer.isFree || !isUnderWay(turn)
            guard isFree || mayBeEarly else { continue }
            let decision = decide(saga, instance, fields[turn].timerCode)
            let cost = isFree ? BitField.none : layout.timeouts
            take(decision, by: saga, costing: cost, as: .timerFired(turns[turn].key, fate: .plain))
            guard layout.crashes.read(buffers.state) > 0, tables[saga].decided[decision].sendCount > 0 else { continue }
            beginNext()
            if !isFree { layout.timeouts.decrement(buffers.next) }
            layout.crashes.decrement(buffers.next)
            apply(decision, to: saga, copies: 2)
            finishNext(.timerFired(turns[turn].key, fate: .crashedAfterPublishing))
        }
        if mayBeEarly && summary.isDeadlineSet {
            let decision = decide(saga, instance, code(.deadline, of: saga))
            take(decision, by: saga, costing: layout.timeouts, as: .deadlinePassed(saga: saga))
        }
    }

    /// Whether a command or reply of the turn is under way.
    private func isUnderWay(_ number: Int) -> Bool {
        let turn = fields[number]
        if turn.commands.read(buffers.state) > 0 { return true }
        for variant in 0..<turn.replyFieldCount
        where turns[number].call != nil && replyFields[turn.firstReply + variant].read(buffers.state) > 0 {
            return true
        }
        return false
    }

    /// Adds the successor in which the saga takes an input.
    ///
    /// A crash after publishing is left out here: what it does, commands that come twice, is what duplicates do.
    private mutating func take(_ decision: Int, by saga: Int, costing cost: BitField, as occurrence: Occurrence) {
        beginNext()
        if cost.mask != 0 { cost.decrement(buffers.next) }
        apply(decision, to: saga, copies: 1)
        finishNext(occurrence)
    }

    /// Lets deadlines pass when nothing else can happen: then they do, however far away they are.
    mutating func passDeadlines() {
        for saga in tables.indices {
            let instance = layout.instances[saga].read(buffers.state)
            guard tables[saga].summaries[instance].isDeadlineSet else { continue }
            let decision = decide(saga, instance, code(.deadline, of: saga))
            take(decision, by: saga, costing: .none, as: .deadlinePassed(saga: saga))
        }
    }

    /// Lets the operator retry what is stuck: only when nothing else can happen, as he waits that long.
    mutating func retryStuck() {
        guard layout.retries.read(buffers.state) > 0 else { return }
        for saga in world.sagas.indices {
            let instance = layout.instances[saga].read(buffers.state)
            guard tables[saga].summaries[instance].isStuck else { continue }
            let decision = decide(saga, instance, code(.retry, of: saga))
            take(decision, by: saga, costing: layout.retries, as: .retried(saga: saga))
        }
    }

    // MARK: Events and moves

    /// Delivers the events that are on their way to sagas that wait for them.
    mutating func deliverEvents() {
        for event in world.events.indices {
            for saga in world.sagas.indices where layout.arriving[event][saga].read(buffers.state) > 0 {
                deliver(event, to: saga)
                lose(event, to: saga)
            }
        }
    }

    mutating func publishEvents() {
        for event in world.events.indices { publish(event) }
    }

    /// An event that no aggregate of the world emits may be published by somebody else, once.
    private mutating func publish(_ event: Int) {
        let type = world.events[event]
        guard layout.published[event].read(buffers.state) == 0,
            !world.aggregates.contains(where: { $0.moves.contains { $0.emits == type } })
        else { return }
        beginNext()
        layout.published[event].write(1, to: buffers.next)
        emit(event)
        finishNext(.published(event: event))
    }

    /// Puts the event on its way to every saga that waits for it somewhere.
    private func emit(_ event: Int) {
        for saga in world.sagas.indices
        where world.sagas[saga].steps.contains(where: { $0.awaited.contains { $0.event == event } }) {
            layout.arriving[event][saga].write(1, to: buffers.next)
        }
    }

    /// Delivers the event to a saga that has started; the orchestrator keeps one that comes before.
    private mutating func deliver(_ event: Int, to saga: Int) {
        let instance = layout.instances[saga].read(buffers.state)
        guard instance != 0 else { return }
        for (step, model) in world.sagas[saga].steps.enumerated() {
            for awaited in model.awaited where awaited.event == event {
                for payload in awaited.payloads.indices {
                    let code = code(.event(event, step: step, payload: payload), of: saga)
                    deliver(event, to: saga, instance: instance, step: step, payload: payload, code: code)
                }
            }
        }
    }

    private mutating func lose(_ event: Int, to saga: Int) {
        guard layout.losses.read(buffers.state) > 0 else { return }
        beginNext()
        layout.losses.decrement(buffers.next)
        layout.arriving[event][saga].write(0, to: buffers.next)
        finishNext(.lostEvent(event: event, saga: saga))
    }

    private mutating func deliver(_ event: Int, to saga: Int, instance: Int, step: Int, payload: Int, code: Int) {
        let decision = decide(saga, instance, code)
        for isDuplicated in [false, true] {
            if isDuplicated && layout.duplicates.read(buffers.state) == 0 { continue }
            beginNext()
            if isDuplicated {
                layout.duplicates.decrement(buffers.next)
            } else {
                layout.arriving[event][saga].write(0, to: buffers.next)
            }
            apply(decision, to: saga, copies: 1)
            finishNext(.arrived(event: event, saga: saga, step: step, payload: payload))
        }
    }

    /// Lets every aggregate change by itself.
    mutating func moveAggregates() {
        for aggregate in world.aggregates.indices where !world.aggregates[aggregate].moves.isEmpty {
            let value = value(of: aggregate, in: buffers.state)
            for (index, move) in world.aggregates[aggregate].moves.enumerated() where move.from.contains(value.state) {
                beginNext()
                write(
                    AggregateValue(state: move.to, remembered: value.remembered, writer: value.writer), of: aggregate)
                if let event = move.emits.flatMap({ world.events.firstIndex(of: $0) }) { emit(event) }
                finishNext(.moved(aggregate: aggregate, move: index))
            }
        }
    }
}
