import SagaModel

/// Collects sagas into a world and gives everything a number.
struct WorldBuilder {
    private(set) var sagas: [SagaInWorld] = []
    private(set) var aggregates: [AggregateModel] = []
    private(set) var commands: [CommandModel] = []
    private(set) var events: [String] = []
    /// The messages whose payloads do not stand for all that guards tell apart.
    private(set) var cutMessages: [String] = []
    let bounds: Bounds
    /// Other versions of a saga, whose guards are to be represented too.
    private let versions: [Definition]

    init(bounds: Bounds, versions: [Definition] = []) {
        self.bounds = bounds
        self.versions = versions
    }

    mutating func add(_ original: Definition) throws(DefinitionFaults) {
        let definition = try CompiledDefinition(cutDown(original))
        for participant in original.participants {
            for aggregate in participant.aggregates {
                let name = AggregateName(participant: participant.name, aggregate: aggregate.name)
                guard !aggregates.contains(where: { $0.name == name }) else { continue }
                aggregates.append(AggregateModel(name, aggregate))
            }
        }
        let sampler = PayloadSampler([original] + versions)
        var steps = [startStep(original, sampler: sampler)]
        for step in original.steps { steps.append(model(of: step, in: original, sampler: sampler)) }
        let start = MessageName(step: Start.stepID, name: original.start.event)
        let starts = payloads(of: original.payload(ofEvent: start.name), in: start, sampler)
        sagas.append(
            SagaInWorld(
                original: original, definition: definition, starts: starts, steps: steps,
                requirements: original.outcomes.map { outcome in
                    outcome.require.map { StateCondition($0, aggregates: aggregates) }
                }, locks: locks(of: steps), unreadSlots: unreadSlots(of: original)))
    }

    /// Fewer attempts mean fewer states and the same stories: what can happen at the last attempt can happen then.
    private func cutDown(_ definition: Definition) -> Definition {
        func cut(_ policy: RetryPolicy) -> RetryPolicy {
            var policy = policy
            if bounds.attempts < .max { policy.attempts = min(policy.attempts ?? .max, bounds.attempts) }
            policy.jitterPercent = 0
            return policy
        }
        func cut(_ step: Step) -> Step {
            var step = step
            step.retry = cut(step.retry)
            step.undoRetry = cut(step.undoRetry)
            return step
        }
        var definition = definition
        definition.start.undoRetry = cut(definition.start.undoRetry)
        definition.flow = definition.flow.map { element in
            switch element {
            case .step(let step): return .step(cut(step))
            case .parallel(var group):
                group.branches = group.branches.map { $0.map { cut($0) } }
                return .parallel(group)
            }
        }
        return definition
    }

    private mutating func startStep(_ definition: Definition, sampler: PayloadSampler) -> StepInWorld {
        let undo = definition.start.undo.flatMap {
            call($0, of: nil, in: definition, sampler: sampler)
        }
        return StepInWorld(do: undo, undo: nil, awaited: [])
    }

    private mutating func model(of step: Step, in definition: Definition, sampler: PayloadSampler) -> StepInWorld {
        let undo = step.undo.flatMap { call($0, of: nil, in: definition, sampler: sampler) }
        switch step.action {
        case .send(let send):
            return StepInWorld(
                do: call(send, of: step, in: definition, sampler: sampler), undo: undo, awaited: [])
        case .await(let wait):
            let awaited = wait.events.map { type in
                let message = MessageName(step: step.id, name: type)
                let payloads = payloads(of: definition.payload(ofEvent: type), in: message, sampler)
                return (event: index(ofEvent: type), payloads: payloads)
            }
            return StepInWorld(do: nil, undo: undo, awaited: awaited)
        }
    }

    private func unreadSlots(of definition: Definition) -> [Int] {
        let read = DataReading(definition).fields
        return definition.data.indices.filter { !read.contains(definition.data[$0].name) }
    }

    private func locks(of steps: [StepInWorld]) -> [UInt64] {
        let used = steps.flatMap { [$0.do, $0.undo] }.compactMap { $0.map { commands[$0.command] } }
        return aggregates.indices.map { aggregate in
            let touched = used.filter { $0.aggregate == aggregate }.reduce(0) { $0 | $1.touchedStates }
            return touched & aggregates[aggregate].pendingBits
        }
    }

    private mutating func index(ofEvent type: String) -> Int {
        if let index = events.firstIndex(of: type) { return index }
        events.append(type)
        return events.count - 1
    }

    private mutating func payloads(
        of fields: [Field], in message: MessageName?, _ sampler: PayloadSampler
    ) -> [Record] {
        let (payloads, isWhole) = sampler.payloads(of: fields, in: message)
        if let message, !isWhole { cutMessages.append(message.description) }
        return payloads
    }

    /// - Parameter step: Nil for an undo, whose replies fill no data.
    private mutating func call(
        _ call: CommandCall, of step: Step?, in definition: Definition, sampler: PayloadSampler
    ) -> CallModel? {
        guard let contract = definition.participant(named: call.participant)?.command(named: call.command) else {
            return nil
        }
        let replies = contract.successes.map { ($0, true) } + contract.failures.map { ($0, false) }
        var variants = replies.flatMap { reply, isSuccess in
            let message = step.map { MessageName(step: $0.id, name: reply.name) }
            return payloads(of: reply.payload, in: message, sampler).map {
                ReplyVariant(name: reply.name, payload: $0, isSuccess: isSuccess)
            }
        }
        variants.append(ReplyVariant(name: Reply.fenced, payload: [:], isSuccess: false))
        let passing = Set((step?.on ?? []).filter { $0.verdict == .retry }.map(\.reply))
        return CallModel(command: command(contract, of: call.participant), variants: variants, passing: passing)
    }

    private mutating func command(_ contract: CommandContract, of participant: String) -> Int {
        if let index = commands.firstIndex(where: { $0.participant == participant && $0.name == contract.name }) {
            return index
        }
        let aggregate = contract.aggregate.flatMap { name in
            aggregates.firstIndex { $0.name == AggregateName(participant: participant, aggregate: name) }
        }
        commands.append(
            CommandModel(contract, of: participant, aggregate: aggregate, model: aggregate.map { aggregates[$0] }))
        return commands.count - 1
    }

    /// Every combination of states that the first saga's start may meet.
    func beginnings(of definitions: [Definition]) -> [[AggregateValue]] {
        let given = definitions.first?.start.given ?? []
        return aggregates.reduce([[]]) { beginnings, aggregate in
            let states = given.first { $0.aggregate == aggregate.name }?.states.compactMap(aggregate.index(of:))
            var seen: Set<UInt8> = []
            // A state that is named twice is one beginning.
            let values = (states ?? [aggregate.initial]).filter { seen.insert($0).inserted }.map {
                AggregateValue(state: $0, remembered: aggregate.forgotten)
            }
            return beginnings.flatMap { beginning in values.map { beginning + [$0] } }
        }
    }
}

extension Definition {
    /// The fields of an event; those of one that no participant declares are none.
    fileprivate func payload(ofEvent type: String) -> [Field] {
        participants.flatMap(\.events).first { $0.type == type }?.payload ?? []
    }
}
