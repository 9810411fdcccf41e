import Testing

@testable import Postgres

@Suite struct TransactionMachineTests {
    private let failure = PostgresError(.uniqueViolation)

    private func opened() -> (TransactionMachine, Int) {
        var machine = TransactionMachine()
        let generation = machine.begin(TransactionOptions())
        _ = machine.admit(generation: generation, depth: 0)
        return (machine, generation)
    }

    /// What an admission comes to, as text that can be compared.
    private func told(_ admission: TransactionMachine.Admission) -> String {
        switch admission {
        case .proceed: "proceed"
        case .begin: "begin"
        case .refuse(let error): "\(error.code)"
        }
    }

    @Test func onlyTheFirstStatementBegins() {
        var machine = TransactionMachine()
        let generation = machine.begin(TransactionOptions())
        #expect(told(machine.admit(generation: generation, depth: 0)) == "begin")
        #expect(told(machine.admit(generation: generation, depth: 0)) == "proceed")
    }

    @Test func aTransactionThatIsOverRefuses() {
        var (machine, first) = opened()
        guard case .send = machine.commit() else { return #expect(Bool(false)) }
        #expect(told(machine.admit(generation: first, depth: 0)) == "transactionClosed")
        machine.ended()
        let second = machine.begin(TransactionOptions())
        #expect(told(machine.admit(generation: first, depth: 0)) == "transactionClosed")
        #expect(told(machine.admit(generation: second, depth: 0)) == "begin")
    }

    @Test func whatWasHeldGoesBeforeTheCommitThatWasAskedForMeanwhile() {
        var machine = TransactionMachine()
        let generation = machine.begin(TransactionOptions())
        #expect(machine.hold(generation: generation, depth: 0) == nil)
        #expect(machine.hold(generation: generation, depth: 0) == nil)
        guard case .send = machine.commit() else { return #expect(Bool(false), "there is something to commit") }
        #expect(told(machine.admit(generation: generation, depth: 0, wasHeld: true)) == "begin")
        #expect(told(machine.admit(generation: generation, depth: 0, wasHeld: true)) == "proceed")
        #expect(told(machine.admit(generation: generation, depth: 0)) == "transactionClosed")
        #expect(machine.hold(generation: generation, depth: 0)?.code == .transactionClosed)
        machine.ended()
        #expect(told(machine.admit(generation: generation, depth: 0, wasHeld: true)) == "transactionClosed")
    }

    @Test func whatMayNotBeSentMayNotWaitEither() {
        var (machine, generation) = opened()
        #expect(machine.hold(generation: generation, depth: 1)?.code == .misuse)
        #expect(machine.hold(generation: generation - 1, depth: 0)?.code == .transactionClosed)
        machine.fail(failure, generation: generation)
        #expect(machine.hold(generation: generation, depth: 0)?.code == .transactionAborted)
    }

    @Test func aFailureRefusesTheRestAndRollsBackAtCommit() {
        var (machine, generation) = opened()
        machine.fail(failure, generation: generation)
        #expect(told(machine.admit(generation: generation, depth: 0)) == "transactionAborted")
        guard case .rollback(let cause) = machine.commit() else { return #expect(Bool(false)) }
        #expect(cause.code == .uniqueViolation)
    }

    @Test func aFailureOfAnotherTransactionIsNotOurs() {
        var (machine, generation) = opened()
        machine.fail(failure, generation: generation - 1)
        #expect(told(machine.admit(generation: generation, depth: 0)) == "proceed")
    }

    @Test func theFirstFailureIsTheCause() {
        var (machine, generation) = opened()
        machine.fail(failure, generation: generation)
        machine.fail(PostgresError(.transactionAborted), generation: generation)
        #expect(machine.failure(generation: generation)?.code == .uniqueViolation)
        #expect(machine.firstFailure?.code == .uniqueViolation)
    }

    @Test func aSavepointDoesNotHealAnAbort() {
        var (machine, generation) = opened()
        let depth = machine.openedSavepoint()
        machine.fail(failure, generation: generation)
        machine.abort(PostgresError(.cancelled), generation: generation)
        machine.leftSavepoint(depth: depth, rolledBack: true)
        #expect(told(machine.admit(generation: generation, depth: 0)) == "transactionAborted")
    }

    @Test func aFailureAfterCommitWasSentIsRemembered() {
        var (machine, generation) = opened()
        _ = machine.commit()
        machine.fail(failure, generation: generation)
        #expect(machine.firstFailure?.code == .uniqueViolation)
    }

    @Test func aSavepointHealsWhatFailedInsideOfIt() {
        var (machine, generation) = opened()
        let depth = machine.openedSavepoint()
        #expect(told(machine.admit(generation: generation, depth: 0)) == "misuse")
        #expect(told(machine.admit(generation: generation, depth: depth)) == "proceed")
        machine.fail(failure, generation: generation)
        machine.leftSavepoint(depth: depth, rolledBack: true)
        #expect(told(machine.admit(generation: generation, depth: 0)) == "proceed")
        #expect(machine.firstFailure == nil)
    }

    @Test func anInnerSavepointDoesNotHealTheOuter() {
        var (machine, generation) = opened()
        let outer = machine.openedSavepoint()
        machine.fail(failure, generation: generation)
        let inner = machine.openedSavepoint()
        machine.leftSavepoint(depth: inner, rolledBack: true)
        #expect(told(machine.admit(generation: generation, depth: outer)) == "transactionAborted")
    }

    @Test func noSavepointHealsACancellation() {
        var (machine, generation) = opened()
        let depth = machine.openedSavepoint()
        machine.abort(PostgresError(.cancelled), generation: generation)
        machine.leftSavepoint(depth: depth, rolledBack: true)
        #expect(told(machine.admit(generation: generation, depth: 0)) == "transactionAborted")
    }

    @Test func withoutStatementsThereIsNothingToDo() {
        var machine = TransactionMachine()
        _ = machine.begin(TransactionOptions())
        guard case .nothingToDo = machine.commit() else { return #expect(Bool(false)) }
        _ = machine.begin(TransactionOptions())
        guard case .nothingToDo = machine.rollback() else { return #expect(Bool(false)) }
    }

    @Test func onlyAReadWriteTransactionNeedsAnID() {
        #expect(TransactionOptions().needsTransactionID)
        #expect(!TransactionOptions(isReadOnly: true).needsTransactionID)
        #expect(!TransactionOptions(tracksOutcome: false).needsTransactionID)
    }
}
