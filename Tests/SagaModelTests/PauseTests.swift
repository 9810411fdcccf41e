import SagaModel
import Testing

@Suite("A paused participant")
struct PauseTests {
    @Test("gets no command until it resumes, and its request is dated then")
    func heldUnsent() throws {
        var run = try SagaRun(SampleSagas.createOrder)
        run.reach("verify-consumer")
        run.take(.paused(participant: "kitchen"))
        run.answer("ConsumerVerified")
        #expect(run.names == ["VerifyConsumer"])
        run.milliseconds += 100_000
        let resumed = run.milliseconds
        run.take(.resumed(participant: "kitchen"))
        #expect(run.names == ["VerifyConsumer", "CreateTicket"])
        #expect(run.sent.last?.request.milliseconds == resumed)
        run.answer("TicketCreated", SagaRun.ticket)
        #expect(run.sent.last?.name == "AuthoriseCard")
    }

    @Test("stops the clock of its open requests and takes their replies")
    func clock() throws {
        var run = try SagaRun(SampleSagas.createOrder)
        run.reach("create-ticket")
        run.milliseconds += 4_000
        run.take(.paused(participant: "kitchen"))
        #expect(run.actions.count == 1, "the timer is cancelled")
        run.silence()
        #expect(run.ignored == .lateTimer)
        run.milliseconds += 1_000_000
        let resumed = run.milliseconds
        run.take(.resumed(participant: "kitchen"))
        let left = try #require(run.due.first) - resumed
        #expect((5_900...6_000).contains(left))
        run.take(.paused(participant: "kitchen"))
        run.answer("TicketCreated", SagaRun.ticket)
        #expect(run.sent.last?.name == "AuthoriseCard")
    }

    @Test("stops the pause between two tries too")
    func backOff() throws {
        var run = try SagaRun(SampleSagas.createOrder)
        run.reach("confirm-ticket")
        run.take(.paused(participant: "kitchen"))
        run.answer("WrongState")
        #expect(run.due.isEmpty)
        run.take(.resumed(participant: "kitchen"))
        #expect(run.due.count == 1)
        run.take(.paused(participant: "nobody"))
        #expect(run.ignored == .notExpected)
    }
}
