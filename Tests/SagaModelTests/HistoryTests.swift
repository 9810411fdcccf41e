import SagaModel
import Testing

@Suite("A history")
struct HistoryTests {
    /// A run with re-sends, a late reply, a failing undo, a pause and orders.
    private func eventful() throws -> SagaRun {
        var run = try SagaRun(SampleSagas.createOrder)
        run.reach("create-ticket")
        let ticket = run.sent.last
        for _ in 0..<3 { run.silence() }
        run.answer("TicketCreated", SagaRun.ticket, to: ticket)
        run.answer("WrongState")
        run.take(.timerFired(Turn(step: "create-ticket", direction: .undo, attempt: 2)))
        run.order(.abort)
        run.take(.paused(participant: "consumer"))
        run.answer("TicketCancelled")
        run.take(.resumed(participant: "consumer"))
        run.answer("ConsumerReleased")
        run.answer("OrderRejected")
        #expect(run.outcome == "rejected")
        return run
    }

    @Test("replays to the same actions, also from its file")
    func replays() throws {
        let run = try eventful()
        let history = History.recording(run.inputs, of: run.definition, hash: "ab")
        #expect(history.replay(with: run.definition) == nil)
        let read = try History(try CanonicalJSON.value(of: history.text))
        #expect(read == history)
        #expect(read.instance(with: run.definition) == run.instance)
    }

    @Test("tells the first action that another definition would have done otherwise")
    func diverges() throws {
        let run = try eventful()
        let history = History.recording(run.inputs, of: run.definition)
        var changed = SampleSagas.createOrder
        guard case .step(var step) = changed.flow[1] else { throw SampleError.unexpectedFlow }
        step.undo?.command = "ConfirmTicket"
        changed.flow[1] = .step(step)
        let divergence = try #require(history.replay(with: try CompiledDefinition(changed)))
        #expect(divergence.entry == 4)
        #expect(divergence.action == 0)
        guard case .send(let recorded) = divergence.recorded[0], case .send(let replayed) = divergence.replayed[0]
        else {
            Issue.record("both send")
            return
        }
        #expect((recorded.name, replayed.name) == ("CancelTicket", "ConfirmTicket"))
    }

    @Test("depends on times only for the dates of timers and ids")
    func timeShift() throws {
        let run = try eventful()
        var shifted = try SagaRun(SampleSagas.createOrder)
        var requests: [Identifier: Identifier] = [:]
        for (index, input) in run.inputs.enumerated() {
            var input = input
            // Times that stand still and even run backwards.
            shifted.milliseconds = 5_000_000 - Int64(index % 3)
            if case .replied(var reply) = input.happening {
                reply.causation = requests[reply.causation] ?? reply.causation
                input.happening = .replied(reply)
            }
            shifted.take(input.happening)
            for (old, new) in zip(run.sent, shifted.sent) { requests[old.request] = new.request }
        }
        #expect(shifted.names == run.names)
        #expect(shifted.instance.progress == run.instance.progress)
        #expect(shifted.outcome == run.outcome)
    }

    @Test(
        "refuses a file that is not one, with the place",
        arguments: [
            (#"{"format":"skald-history/2"}"#, "format"),
            (#"{"format":"skald-history/1","colour":1}"#, "colour"),
            (#"{"format":"skald-history/1","definition":"x","version":-1}"#, "version"),
            (
                #"{"format":"skald-history/1","definition":"x","version":1,"hash":"","entries":[{"input":{"kind":"w"}}]}"#,
                "entries.0.input.at"
            ),
            (
                #"{"format":"skald-history/1","definition":"x","version":1,"hash":"","entries":[{"input":{"at":9223372036854775807,"kind":"w"}}]}"#,
                "entries.0.input.at"
            ),
            (
                #"{"format":"skald-history/1","definition":"x","version":1,"hash":"","entries":[{"input":{"at":-1,"kind":"w"}}]}"#,
                "entries.0.input.at"
            ),
            (
                #"{"format":"skald-history/1","definition":"x","version":1,"hash":"","entries":[{"input":{"at":1,"kind":"w"}}]}"#,
                "entries.0.input.kind"
            ),
        ])
    func badFile(text: String, place: String) throws {
        let value = try CanonicalJSON.value(of: text)
        let error = #expect(throws: FormatError.self) { try History(value) }
        #expect(error?.place == place)
    }
}
