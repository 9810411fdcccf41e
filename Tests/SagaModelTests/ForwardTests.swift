import SagaModel
import Testing

@Suite("A saga going forward")
struct ForwardTests {
    @Test("runs its steps in order and ends in the completed outcome")
    func happyPath() throws {
        var run = try SagaRun(SampleSagas.createOrder)
        run.reach("approve-order")
        run.answer("OrderApproved")
        #expect(run.names == ["VerifyConsumer", "CreateTicket", "AuthoriseCard", "ConfirmTicket", "ApproveOrder"])
        #expect(run.outcome == "approved")
        #expect(run.instance.isOver)
        #expect(run.actions.contains(.cancelTimer(.deadline)))
    }

    @Test("fills payloads from data and data from replies")
    func dataFlow() throws {
        var run = try SagaRun(SampleSagas.createOrder)
        run.reach("authorise-card")
        #expect(run.sent[1].payload == ["orderId": "o-1", "lines": .list(["soup"])])
        #expect(run.instance.data == ["o-1", "c-1", .list(["soup"]), "t-1", 1250])
    }

    @Test("sets one timer for a request and cancels it with the reply")
    func timers() throws {
        var run = try SagaRun(SampleSagas.createOrder)
        run.start()
        let turn = run.sent[0].turn
        let begun = run.inputs[0].milliseconds
        #expect(run.actions.contains(.setTimer(turn, dueMilliseconds: begun + 10_000)))
        #expect(run.actions.contains(.setTimer(.deadline, dueMilliseconds: begun + 900_000)))
        run.answer("ConsumerVerified")
        #expect(run.actions.first == .cancelTimer(turn))
    }

    @Test("takes no reply twice, none from a stranger, none for another turn")
    func strangeReplies() throws {
        var run = try SagaRun(SampleSagas.createOrder)
        run.start()
        var reply = run.reply("ConsumerVerified")
        let before = run.instance
        reply.sender = "kitchen"
        run.take(.replied(reply))
        #expect(run.ignored == .wrongSender(asked: "consumer"))
        reply.sender = "consumer"
        reply.turn.attempt = 2
        run.take(.replied(reply))
        #expect(run.ignored == .misaddressed)
        #expect(run.instance == before)
        run.answer("ConsumerVerified")
        run.answer("ConsumerVerified", to: run.sent[0])
        #expect(run.ignored == .notAwaited)
        run.take(.timerFired(run.sent[0].turn))
        #expect(run.ignored == .lateTimer)
    }

    @Test("refuses to start twice, or from an event that does not fit")
    func badStarts() throws {
        var run = try SagaRun(SampleSagas.createOrder)
        run.start(["orderId": "o-1", "consumerId": 7, "lines": .list([])])
        #expect(run.ignored == .unfit(field: "consumerId"))
        #expect(run.instance == .unstarted)
        run.silence(of: Command(request: .none, participant: "", name: "", payload: [:], turn: .deadline))
        #expect(run.ignored == .notStarted)
        run.start()
        run.start()
        #expect(run.ignored == .alreadyStarted)
    }

    @Test("takes a success that does not fit its contract for an unclear failure")
    func unfitSuccess() throws {
        var run = try SagaRun(SampleSagas.createOrder)
        run.reach("create-ticket")
        run.answer("TicketCreated", ["ticketId": 5])
        #expect(run.sent.last?.name == "CancelTicket")
        #expect(run.instance.data[3] == nil)
    }

    @Test("passes over a step whose guard does not hold")
    func guards() throws {
        for (consumer, expected) in [("c-1", "AuthoriseCard"), ("free", "ConfirmTicket")] {
            var definition = SampleSagas.createOrder
            guard case .step(var step) = definition.flow[2] else { throw SampleError.unexpectedFlow }
            step.when = .notEqual(.path(Path(.data, "consumerId")), .literal("free"))
            definition.flow[2] = .step(step)
            var run = try SagaRun(definition)
            run.start(["orderId": "o-1", "consumerId": .string(consumer), "lines": .list([])])
            run.answer("ConsumerVerified")
            run.answer("TicketCreated", SagaRun.ticket)
            #expect(run.sent.last?.name == expected)
        }
    }
}

enum SampleError: Error {
    case unexpectedFlow
}
