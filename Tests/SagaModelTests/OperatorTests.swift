import SagaModel
import Testing

@Suite("An operator and a stuck saga")
struct OperatorTests {
    /// A create-order whose confirmation of the ticket stays unanswered until it is stuck.
    private func stuckInSilence() throws -> SagaRun {
        var run = try SagaRun(Self.impatient)
        run.reach("confirm-ticket")
        for _ in 0..<3 { run.silence() }
        #expect(run.stuck == .silence)
        #expect(run.instance.isStuck)
        return run
    }

    private func stuckRefused() throws -> SagaRun {
        var run = try SagaRun(Self.impatient)
        run.reach("confirm-ticket")
        for attempt in 2...3 {
            run.answer("WrongState")
            run.take(.timerFired(Turn(step: "confirm-ticket", direction: .do, attempt: attempt)))
        }
        run.answer("WrongState")
        #expect(run.stuck == .refused(reply: "WrongState"))
        return run
    }

    /// create-order whose retriable steps and undos are stuck after three sends.
    private static var impatient: Definition {
        var definition = SampleSagas.createOrder
        definition.flow = definition.flow.map { element in
            guard case .step(var step) = element else { return element }
            step.retry.attempts = 3
            step.undoRetry.attempts = 3
            return .step(step)
        }
        return definition
    }

    @Test("a late reply still frees it")
    func lateReply() throws {
        var run = try stuckInSilence()
        run.answer("TicketConfirmed")
        #expect(run.sent.last?.name == "ApproveOrder")
        #expect(!run.instance.isStuck)
    }

    @Test("retry asks with the same request after silence, with a new one after a failure")
    func retry() throws {
        var run = try stuckInSilence()
        let request = run.sent.last
        run.order(.retry)
        #expect(run.sent.last == request)
        run = try stuckRefused()
        run.order(.retry, step: "confirm-ticket")
        #expect(run.sent.last?.turn.attempt == 4)
        #expect(run.sent.last?.request != request?.request)
    }

    @Test("resume waits again without asking, where an answer can still come")
    func resume() throws {
        var run = try stuckInSilence()
        let count = run.sent.count
        run.order(.resume)
        #expect(run.sent.count == count)
        #expect(run.due.count == 1)
        run.silence()
        #expect(run.stuck == .silence)
        run = try stuckRefused()
        run.order(.resume)
        #expect(run.ignored == .notAllowed(.noRequestOpen))
    }

    @Test("skip takes the step for done")
    func skip() throws {
        var run = try stuckInSilence()
        run.order(.skip)
        #expect(run.sent.last?.name == "ApproveOrder")
    }

    @Test("compensate is refused after the pivot and when it runs already, and else undoes what is in flight")
    func compensate() throws {
        var run = try stuckInSilence()
        run.order(.compensate)
        #expect(run.ignored == .notAllowed(.pivotPassed))
        run = try SagaRun(SampleSagas.createOrder)
        run.reach("authorise-card")
        run.order(.compensate)
        #expect(run.sent.last?.name == "UndoAuthoriseCard")
        run.order(.compensate)
        #expect(run.ignored == .notAllowed(.alreadyCompensating))
    }

    @Test("abort ends only a stuck saga and leaves its effects")
    func abort() throws {
        var run = try SagaRun(SampleSagas.createOrder)
        run.reach("confirm-ticket")
        run.order(.abort)
        #expect(run.ignored == .notAllowed(.nothingStuck))
        run = try stuckInSilence()
        run.order(.abort)
        #expect(run.instance.phase == .aborted)
        run.answer("TicketConfirmed")
        #expect(run.ignored == .alreadyFinished)
    }

    @Test("the choices listed are those the machine allows, with what they leave behind")
    func choices() throws {
        let run = try stuckInSilence()
        let choices = SagaMachine.operatorChoices(run.definition, run.instance, milliseconds: 1)
        #expect(choices.map(\.action) == [.retry, .resume, .skip, .abort])
        #expect(choices.map(\.ends) == [[.completed], [.completed], [.completed], [.aborted]])
        #expect(choices.last?.effectsLeft == ["start", "verify-consumer", "create-ticket", "authorise-card"])
        var running = try SagaRun(SampleSagas.createOrder)
        running.reach("create-ticket")
        let few = SagaMachine.operatorChoices(running.definition, running.instance, milliseconds: 1)
        #expect(few.map(\.action) == [.compensate])
        #expect(few.first?.ends == [.compensated])
    }
}
