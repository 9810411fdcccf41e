internal import SagaModel

/// Makes histories as they look in life: ids of 36 characters, line items, re-sends, late replies, refusals.
struct HistoryMaker {
    private let definition: CompiledDefinition
    private let inputCount: Int
    private var seed: UInt64 = 1
    private var milliseconds: Int64 = 1_704_067_200_000

    init(_ definition: CompiledDefinition, inputCount: Int) {
        self.definition = definition
        self.inputCount = inputCount
    }

    /// The next history, unlike the ones before.
    mutating func history() -> History {
        var inputs = [start()]
        var instance = SagaMachine.decide(definition, .unstarted, inputs[0]).instance
        var sent: [Command] = []
        var last = SagaMachine.decide(definition, .unstarted, inputs[0]).actions
        while inputs.count < inputCount {
            sent += last.compactMap { if case .send(let command) = $0 { command } else { nil } }
            let input = next(after: sent, instance)
            inputs.append(input)
            (instance, last) = SagaMachine.decide(definition, instance, input)
        }
        return History.recording(inputs, of: definition)
    }

    private mutating func start() -> Input {
        let order = identifier()
        let lines = (0..<3).map { number -> Value in
            ["menuItemId": .string(identifier()), "quantity": .integer(Int64(number + 1))]
        }
        let payload: Record = [
            "orderId": .string(order), "consumerId": .string(identifier()), "restaurantId": .string(identifier()),
            "lines": .list(lines),
        ]
        milliseconds += 1
        let saga = Identifier.saga(
            definition: definition.definition.name, key: .string(order), milliseconds: milliseconds)
        return Input(.started(StartEvent(saga: saga, payload: payload)), milliseconds: milliseconds)
    }

    /// Mostly the awaited reply; at times silence, or a reply that came before.
    private mutating func next(after sent: [Command], _ instance: Instance) -> Input {
        milliseconds += 3
        let pending = instance.pending.first
        let roll = random(10)
        guard let pending, roll < 8, let command = sent.last(where: { $0.request == pending.request }) else {
            return late(sent)
        }
        if roll < 3 || pending.state != .asking {
            milliseconds += 10_000
            let turn = Turn(
                step: definition.steps[Int(pending.step)].id, direction: pending.direction,
                attempt: Int(pending.attempt))
            return Input(.timerFired(turn), milliseconds: milliseconds)
        }
        return reply(to: command)
    }

    private mutating func late(_ sent: [Command]) -> Input {
        reply(to: sent[Int(random(UInt64(sent.count)))])
    }

    private mutating func reply(to command: Command) -> Input {
        let contract = definition.definition.participant(named: command.participant)?.command(named: command.name)
        let isRefused = random(20) == 0
        let replies = (isRefused ? contract?.failures : nil) ?? contract?.successes ?? []
        let answer = replies.first ?? contract?.successes.first
        let payload = Record(
            (answer?.payload ?? []).map { field in Record.Member(name: field.name, value: value(of: field.type)) })
        let reply = Reply(
            causation: command.request, sender: command.participant, name: answer?.name ?? "", turn: command.turn,
            payload: payload)
        return Input(.replied(reply), milliseconds: milliseconds)
    }

    private mutating func value(of type: DataType) -> Value {
        switch type {
        case .id: .string(identifier())
        case .string: "insufficient funds"
        case .integer, .money, .time: .integer(Int64(random(10_000)))
        case .boolean: true
        case .choice(let names): .string(names.first ?? "")
        case .list: .list([])
        case .record: .record([:])
        case .optional(let wrapped): value(of: wrapped)
        }
    }

    private mutating func identifier() -> String {
        Identifier(milliseconds: milliseconds, entropy: (random(.max), random(.max))).description
    }

    /// SplitMix64, so that every run measures the same histories.
    private mutating func random(_ bound: UInt64) -> UInt64 {
        seed &+= 0x9e37_79b9_7f4a_7c15
        var mixed = seed
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return (mixed ^ mixed >> 31) % bound
    }
}
