import SagaModel
import Testing

/// A generator that a seed determines (SplitMix64, public domain).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}

@Suite("Any order of inputs")
struct RandomInputTests {
    /// Any reply to any command ever sent, any timer ever set, any order, pause and event.
    private func randomInput(_ run: SagaRun, using generator: inout SeededGenerator) -> Input.Happening {
        let command = run.sent.randomElement(using: &generator)
        switch (UInt8.random(in: 0..<12, using: &generator), command) {
        case (0..<6, let command?):
            let rules = run.definition.steps.compactMap { $0.id == command.turn.step ? $0 : nil }
                .flatMap { ($0.do?.rules ?? []) + ($0.undo?.rules ?? []) }
            let name = rules.randomElement(using: &generator)?.name ?? "Nonsense"
            return .replied(run.reply(name, SagaRun.ticket, to: command))
        case (6..<9, let command?): return .timerFired(command.turn)
        case (9, _):
            let action = OperatorOrder.Action.allCases.randomElement(using: &generator) ?? .retry
            return .ordered(OperatorOrder(action, reason: "random", who: "test"))
        case (10, _):
            let name = ["consumer", "kitchen", "order"].randomElement(using: &generator) ?? "order"
            return Bool.random(using: &generator) ? .paused(participant: name) : .resumed(participant: name)
        default: return .timerFired(.deadline)
        }
    }

    @Test("keeps the promises of the machine", arguments: 0..<20 as Range<UInt64>)
    func promises(seed: UInt64) throws {
        var generator = SeededGenerator(state: seed)
        var run = try SagaRun(SampleSagas.createOrder)
        run.start()
        var requests: [Turn: Identifier] = [:]
        for _ in 0..<120 {
            let before = run.instance
            run.take(randomInput(run, using: &generator))
            try check(run, before: before, requests: &requests)
        }
        let history = History.recording(run.inputs, of: run.definition)
        #expect(history.replay(with: run.definition) == nil)
        let value = try CanonicalJSON.value(of: history.text)
        #expect(try History(value) == history)
        #expect(CanonicalJSON.text(of: value) + "\n" == history.text, "what is written by hand is canonical")
    }

    private func check(_ run: SagaRun, before: Instance, requests: inout [Turn: Identifier]) throws {
        for action in run.actions {
            switch action {
            case .send(let command):
                #expect(!before.isOver, "nothing is sent by a saga that is over")
                #expect(
                    requests[command.turn] ?? command.request == command.request, "a turn has one request id for ever")
                requests[command.turn] = command.request
                let isCompensation = command.turn.direction == .undo || command.turn.step == Start.stepID
                #expect(!(isCompensation && run.instance.isForwardOnly), "nothing is undone after the pivot")
            case .ignore: #expect(run.instance == before, "an input that is ignored changes nothing")
            case .setTimer, .cancelTimer, .stick, .alarm, .finish: break
            }
        }
        let text = run.instance.storedText(by: run.definition)
        let value = try CanonicalJSON.value(of: text)
        #expect(try Instance(stored: value, by: run.definition) == run.instance, "what is stored is read back")
        #expect(CanonicalJSON.text(of: value) == text, "what is written by hand is canonical")
        if run.instance.isOver { #expect(run.instance.pending.isEmpty) }
        for pending in run.instance.pending where pending.state == .asking || pending.state == .backingOff {
            #expect(pending.dueMilliseconds != nil, "what waits has a clock")
        }
    }
}
