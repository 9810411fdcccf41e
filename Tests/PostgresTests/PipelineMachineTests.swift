import Testing

@testable import Postgres

@Suite struct PipelineMachineTests {
    private let failure = PostgresError(.uniqueViolation)

    private enum Sent {
        case preparation(StatementNumber)
        case execution(String, StatementNumber)
        case deallocation
        case synchronisation(String?)
    }

    private func machine(_ sent: Sent...) -> PipelineMachine<String> {
        var machine = PipelineMachine<String>()
        for one in sent {
            switch one {
            case .preparation(let number): machine.sent(.preparation, statement: number)
            case .execution(let token, let number): machine.sent(.execution, token, statement: number, byteCount: 10)
            case .deallocation: machine.sent(.deallocation)
            case .synchronisation(let token): machine.sent(.synchronisation, token)
            }
        }
        return machine
    }

    /// What an action comes to, as text that can be compared.
    private func told(_ action: PipelineMachine<String>.Action) -> String {
        switch action {
        case .none: "none"
        case .succeed(let token): "succeed \(token)"
        case .fail(let token, let error, let forgotten):
            "fail \(token) \(error.code)" + (forgotten.map { " forget \($0)" } ?? "")
        case .forget(let number): "forget \(number)"
        case .synchronised(let token): "synchronised \(token ?? "nobody")"
        case .disagree: "disagree"
        }
    }

    @Test func answersGoToWhoAskedInOrder() {
        var machine = machine(.execution("a", 1), .execution("b", 2), .synchronisation(nil))
        #expect(told(machine.received(.success)) == "succeed a")
        #expect(told(machine.received(.end)) == "none")
        #expect(told(machine.received(.success)) == "succeed b")
        #expect(told(machine.received(.end)) == "none")
        #expect(told(machine.received(.synchronised)) == "synchronised nobody")
        #expect(machine.isEmpty)
    }

    @Test func afterAFailureTheRestIsAbortedAndNamesTheCause() {
        var machine = machine(.execution("a", 1), .execution("b", 2), .synchronisation(nil), .execution("c", 3))
        #expect(told(machine.received(.failure(failure))) == "fail a uniqueViolation")
        _ = machine.received(.end)
        guard case .fail("b", let error, nil) = machine.received(.skipped) else { return #expect(Bool(false)) }
        #expect(error.code == .transactionAborted)
        #expect(error.cause?.code == .uniqueViolation)
        _ = machine.received(.end)
        _ = machine.received(.synchronised)
        #expect(told(machine.received(.success)) == "succeed c")
    }

    @Test func aFailedPreparationFailsTheStatementItWasFor() {
        var machine = machine(.preparation(4), .execution("a", 4), .execution("b", 2), .synchronisation(nil))
        #expect(told(machine.received(.failure(PostgresError(.statementInvalid)))) == "forget 4")
        _ = machine.received(.end)
        #expect(told(machine.received(.skipped)) == "fail a statementInvalid")
        _ = machine.received(.end)
        #expect(told(machine.received(.skipped)) == "fail b transactionAborted")
    }

    @Test func aSkippedPreparationIsForgotten() {
        var machine = machine(.execution("a", 1), .preparation(2), .execution("b", 2), .synchronisation(nil))
        _ = machine.received(.failure(failure))
        _ = machine.received(.end)
        #expect(told(machine.received(.skipped)) == "forget 2")
    }

    @Test func aStaleStatementIsForgotten() {
        var machine = machine(.execution("a", 9), .synchronisation(nil))
        #expect(told(machine.received(.failure(PostgresError(.staleStatement)))) == "fail a staleStatement forget 9")
    }

    @Test func aCommitThatFailsAtTheSynchronisationPointFailsItsStatement() {
        var machine = machine(.execution("a", 1), .synchronisation("a"), .execution("b", 1), .synchronisation("b"))
        #expect(told(machine.received(.success)) == "succeed a")
        _ = machine.received(.end)
        #expect(told(machine.received(.failure(failure))) == "fail a uniqueViolation")
        #expect(told(machine.received(.end)) == "none")
        #expect(told(machine.received(.synchronised)) == "synchronised a")
        #expect(told(machine.received(.success)) == "succeed b")
    }

    @Test func whatLibpqCannotMeanIsRefused() {
        var empty = machine()
        #expect(told(empty.received(.success)) == "disagree")
        var early = machine(.execution("a", 1), .synchronisation(nil))
        #expect(told(early.received(.synchronised)) == "disagree")
        var twice = machine(.execution("a", 1), .synchronisation(nil))
        _ = twice.received(.success)
        #expect(told(twice.received(.success)) == "disagree")
    }

    @Test func abandonedStatementsComeBackInOrder() {
        var machine = machine(.preparation(1), .execution("a", 1), .synchronisation("b"), .deallocation)
        #expect(machine.abandon() == ["a", "b"])
        #expect(machine.isEmpty)
    }

    @Test func currentLooksPastPreparations() {
        #expect(machine(.deallocation, .preparation(1), .execution("a", 1)).current == "a")
        #expect(machine(.synchronisation(nil)).current == nil)
    }

    @Test func bytesUnderWayAreCounted() {
        var machine = machine(.execution("a", 1), .execution("b", 1), .synchronisation(nil))
        #expect(machine.byteCount == 20)
        _ = machine.received(.success)
        _ = machine.received(.end)
        #expect(machine.byteCount == 10)
        _ = machine.abandon()
        #expect(machine.byteCount == 0)
    }

    @Test func unsynchronisedStatementsAreCounted() {
        var machine = machine(.preparation(1), .execution("a", 1))
        #expect(machine.unsynchronisedCount == 2)
        machine.sent(.synchronisation)
        #expect(machine.unsynchronisedCount == 0)
    }
}
