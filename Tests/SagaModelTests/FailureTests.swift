import SagaModel
import Testing

@Suite("A saga that fails")
struct FailureTests {
    @Test(
        "undoes in reverse order what was done, and the order's creation last",
        arguments: [
            ("verify-consumer", "ConsumerUnknown", ["RejectOrder"]),
            ("create-ticket", "MenuInvalid", ["ReleaseConsumer", "RejectOrder"]),
            ("authorise-card", "CardDeclined", ["CancelTicket", "ReleaseConsumer", "RejectOrder"]),
        ])
    func businessFailure(step: String, failure: String, undos: [String]) throws {
        var run = try SagaRun(SampleSagas.createOrder)
        run.reach(step)
        let asked = run.sent.count
        run.answer(failure)
        let answers = [
            "ReleaseConsumer": "ConsumerReleased", "CancelTicket": "TicketCancelled", "RejectOrder": "OrderRejected",
        ]
        while run.outcome == nil, let last = run.sent.last, let answer = answers[last.name] { run.answer(answer) }
        #expect(Array(run.names[asked...]) == undos)
        #expect(run.outcome == "rejected")
    }

    @Test("keeps what a failure tells")
    func failureSets() throws {
        var definition = SampleSagas.createOrder
        definition.data.append(Field("reason", .optional(.string)))
        guard case .step(var step) = definition.flow[1] else { throw SampleError.unexpectedFlow }
        step.on.append(
            ReplyRule(reply: "MenuInvalid", set: [Assignment("reason", .literal("menu"))], verdict: .fail))
        definition.flow[1] = .step(step)
        var run = try SagaRun(definition)
        run.reach("create-ticket")
        run.answer("MenuInvalid")
        #expect(run.instance.data.last == "menu")
    }

    @Test("sends the same request again after silence, then undoes the step in doubt itself")
    func silence() throws {
        var run = try SagaRun(SampleSagas.createOrder)
        run.reach("create-ticket")
        let request = run.sent.last
        run.silence()
        run.silence()
        #expect(run.sent.suffix(3) == [request, request, request].compactMap { $0 })
        run.silence()
        #expect(run.sent.last?.name == "CancelTicket")
        #expect(run.sent.last?.turn == Turn(step: "create-ticket", direction: .undo, attempt: 1))
        run.answer("TicketCreated", SagaRun.ticket, to: request)
        #expect(run.ignored == .notAwaited)
    }

    @Test("takes the reply to any of the sends of a request")
    func lateButAwaited() throws {
        var run = try SagaRun(SampleSagas.createOrder)
        run.reach("create-ticket")
        run.silence()
        run.answer("TicketCreated", SagaRun.ticket)
        #expect(run.sent.last?.name == "AuthoriseCard")
    }

    @Test("undoes the pivot when it is in doubt")
    func pivotInDoubt() throws {
        var run = try SagaRun(SampleSagas.createOrder)
        run.reach("authorise-card")
        for _ in 0..<3 { run.silence() }
        run.answer("AuthorisationUndone")
        #expect(run.names.suffix(2) == ["UndoAuthoriseCard", "CancelTicket"])
    }

    @Test("waits for a person when a step in doubt has no undo")
    func doubtWithoutUndo() throws {
        var definition = SampleSagas.createOrder
        guard case .step(var step) = definition.flow[2] else { throw SampleError.unexpectedFlow }
        step.undo = nil
        definition.flow[2] = .step(step)
        var run = try SagaRun(definition)
        run.reach("authorise-card")
        for _ in 0..<3 { run.silence() }
        #expect(run.stuck == .doubtWithoutUndo)
        run.answer("CardAuthorised")
        #expect(run.sent.last?.name == "ConfirmTicket")
    }

    @Test("makes a new try with a new request after a failure that is to be repeated")
    func newTry() throws {
        var run = try SagaRun(SampleSagas.createOrder)
        run.reach("confirm-ticket")
        let first = try #require(run.sent.last)
        run.answer("WrongState")
        let pause = try #require(run.due.first) - run.milliseconds + 5
        #expect((800...1000).contains(pause), "a second, less at most a fifth")
        run.answer("TicketConfirmed", to: first)
        #expect(run.ignored == .notAwaited, "the request was answered already")
        run.take(.timerFired(Turn(step: "confirm-ticket", direction: .do, attempt: 2)))
        let second = try #require(run.sent.last)
        #expect(second.turn.attempt == 2)
        #expect(second.request != first.request)
        run.answer("TicketConfirmed")
        #expect(run.sent.last?.name == "ApproveOrder")
    }

    @Test("repeats an undo that fails until it succeeds")
    func failingUndo() throws {
        var run = try SagaRun(SampleSagas.createOrder)
        run.reach("authorise-card")
        run.answer("CardDeclined")
        for attempt in 2...4 {
            run.answer("WrongState")
            run.take(.timerFired(Turn(step: "create-ticket", direction: .undo, attempt: attempt)))
        }
        #expect(Set(run.sent.suffix(4).map(\.request)).count == 4)
        run.answer("TicketCancelled")
        #expect(run.sent.last?.name == "ReleaseConsumer")
    }

    @Test("undoes a step after a failure that leaves its effect unclear")
    func unclearFailure() throws {
        var definition = SampleSagas.createOrder
        let kitchen = try #require(definition.participants.firstIndex { $0.name == "kitchen" })
        definition.participants[kitchen].commands[0].failures[0].certainty = .unclear
        var run = try SagaRun(definition)
        run.reach("create-ticket")
        run.answer("MenuInvalid")
        #expect(run.sent.last?.name == "CancelTicket")
        run = try SagaRun(definition)
        run.reach("create-ticket")
        run.answer("SomethingNew")
        #expect(run.sent.last?.name == "CancelTicket", "an unknown reply says nothing about the effect")
        run = try SagaRun(definition)
        run.reach("create-ticket")
        run.answer(Reply.fenced)
        #expect(run.sent.last?.name == "ReleaseConsumer", "a fenced command had no effect")
    }

    @Test("compensates at the deadline before the pivot and raises an alarm after it")
    func deadline() throws {
        var run = try SagaRun(SampleSagas.createOrder)
        run.reach("create-ticket")
        run.take(.timerFired(.deadline))
        #expect(run.sent.last?.name == "CancelTicket", "the step in flight is in doubt")
        run.take(.timerFired(.deadline))
        #expect(run.ignored == .lateTimer)
        run = try SagaRun(SampleSagas.createOrder)
        run.reach("confirm-ticket")
        run.take(.timerFired(.deadline))
        #expect(run.actions == [.alarm(.deadlinePassedGoingForward)])
    }
}
