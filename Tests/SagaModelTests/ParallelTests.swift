import SagaModel
import Testing

@Suite("Parallel branches")
struct ParallelTests {
    /// verify-consumer and create-ticket at once, then the rest.
    private func definition(_ join: ParallelGroup.Join) throws -> Definition {
        var definition = SampleSagas.createOrder
        let steps = definition.steps
        definition.flow =
            [.parallel(ParallelGroup(branches: [[steps[0]], [steps[1]]], join: join))]
            + steps.dropFirst(2).map { .step($0) }
        return definition
    }

    @Test("begin together and are joined")
    func joined() throws {
        var run = try SagaRun(try definition(.all))
        run.start()
        #expect(run.names == ["VerifyConsumer", "CreateTicket"])
        run.answer("TicketCreated", SagaRun.ticket, to: run.sent[1])
        #expect(run.sent.count == 2)
        run.answer("ConsumerVerified", to: run.sent[0])
        #expect(run.sent.last?.name == "AuthoriseCard")
        run.answer("CardDeclined")
        run.answer("ConsumerReleased")
        #expect(run.names.suffix(2) == ["ReleaseConsumer", "CancelTicket"], "the last to complete is undone first")
    }

    @Test("joined by `all`: a failure waits for the others, then undoes them")
    func failureWaits() throws {
        var run = try SagaRun(try definition(.all))
        run.start()
        run.answer("ConsumerUnknown", to: run.sent[0])
        #expect(run.sent.count == 2)
        run.answer("TicketCreated", SagaRun.ticket, to: run.sent[1])
        #expect(run.sent.last?.name == "CancelTicket")
    }

    @Test("joined by `fail-fast`: a failure undoes at once what is in flight")
    func failFast() throws {
        var run = try SagaRun(try definition(.failFast))
        run.start()
        run.answer("ConsumerUnknown", to: run.sent[0])
        #expect(run.sent.last?.name == "CancelTicket")
        run.answer("TicketCreated", SagaRun.ticket, to: run.sent[1])
        #expect(run.ignored == .notAwaited)
    }
}

@Suite("Waiting for an event")
struct AwaitTests {
    private func definition(kind: StepKind, onTimeout: AwaitedEvents.TimeoutVerdict) -> Definition {
        var definition = SampleSagas.createOrder
        let events = ["order.checked", "order.doubted"]
        definition.participants[0].events += events.map {
            EventContract(type: $0, payload: [Field("orderId", .id), Field("total", .optional(.money))])
        }
        let wait = Step(
            id: "wait", kind: kind,
            action: .await(
                AwaitedEvents(
                    events: events, key: "orderId", correlation: Path(.data, "orderId"), onTimeout: onTimeout)),
            on: [
                ReplyRule(reply: "order.checked", set: [Assignment("total", Path(.event, "total"))]),
                ReplyRule(reply: "order.doubted", verdict: .fail),
            ], retry: RetryPolicy(timeout: .seconds(60)))
        definition.flow.insert(.step(wait), at: kind == .retriable ? 4 : 1)
        return definition
    }

    private func event(_ type: String, _ order: Value = "o-1") -> Input.Happening {
        .occurred(Event(type: type, payload: ["orderId": order, "total": 5]))
    }

    @Test("ends with its event, which fills data")
    func eventComes() throws {
        var run = try SagaRun(definition(kind: .check, onTimeout: .fail))
        run.reach("verify-consumer")
        run.answer("ConsumerVerified")
        #expect(run.due == [run.milliseconds - 5 + 60_000])
        run.take(event("order.checked", "o-2"))
        #expect(run.ignored == .notExpected)
        run.take(event("order.checked"))
        #expect(run.sent.last?.name == "CreateTicket")
        #expect(run.instance.data[4] == 5)
        run.take(event("order.checked"))
        #expect(run.ignored == .notExpected)
    }

    @Test("takes an event that came early")
    func early() throws {
        var run = try SagaRun(definition(kind: .check, onTimeout: .fail))
        run.reach("verify-consumer")
        run.take(event("order.checked"))
        #expect(run.actions.isEmpty)
        run.answer("ConsumerVerified")
        #expect(run.sent.last?.name == "CreateTicket")
        #expect(run.instance.early.isEmpty)
    }

    @Test("an early event that means failure compensates")
    func earlyFailure() throws {
        var run = try SagaRun(definition(kind: .check, onTimeout: .fail))
        run.reach("verify-consumer")
        run.take(event("order.doubted"))
        run.answer("ConsumerVerified")
        #expect(run.sent.last?.name == "ReleaseConsumer")
    }

    @Test("at its timeout fails, goes on, or is stuck after the pivot")
    func timeout() throws {
        let turn = Turn(step: "wait", direction: .do, attempt: 1)
        var run = try SagaRun(definition(kind: .check, onTimeout: .fail))
        run.reach("verify-consumer")
        run.answer("ConsumerVerified")
        run.take(.timerFired(turn))
        #expect(run.sent.last?.name == "ReleaseConsumer")
        run = try SagaRun(definition(kind: .check, onTimeout: .proceed))
        run.reach("verify-consumer")
        run.answer("ConsumerVerified")
        run.take(.timerFired(turn))
        #expect(run.sent.last?.name == "CreateTicket")
        run = try SagaRun(definition(kind: .retriable, onTimeout: .fail))
        run.reach("confirm-ticket")
        run.answer("TicketConfirmed")
        run.take(.timerFired(turn))
        #expect(run.stuck == .silence)
        run.take(event("order.checked"))
        #expect(run.sent.last?.name == "ApproveOrder")
    }
}
