import Testing

@testable import Postgres

@Suite struct ErrorTests {
    @Test(arguments: [
        ("23505", PostgresError.Code.uniqueViolation, PostgresError.Group.constraint, false),
        ("23001", .constraintViolation, .constraint, false), ("23503", .foreignKeyViolation, .constraint, false),
        ("40001", .serializationFailure, .serialization, true), ("40P01", .deadlockDetected, .serialization, true),
        ("55P03", .lockTimeout, .resource, true), ("53300", .resourceExhausted, .resource, true),
        ("53100", .resourceExhausted, .resource, true), ("54000", .limitExceeded, .resource, false),
        ("57014", .statementTimeout, .cancellation, false), ("57P01", .connectionLost, .connection, true),
        ("57P02", .connectionLost, .connection, true), ("57P03", .connectionFailed, .connection, true),
        ("08006", .connectionLost, .connection, true), ("28P01", .authenticationFailed, .permission, false),
        ("42501", .permissionDenied, .permission, false), ("42P01", .statementInvalid, .statement, false),
        ("22P02", .valueRejected, .statement, false), ("26000", .staleStatement, .serialization, true),
        ("XX000", .server, .statement, false), ("0A000", .server, .statement, false),
    ])
    func statesAreSorted(_ state: String, _ code: PostgresError.Code, _ group: PostgresError.Group, _ retriable: Bool) {
        let error = PostgresError(ServerReport(sqlState: state))
        #expect(error.code == code)
        #expect(error.group == group)
        #expect(error.isRetriable == retriable)
    }

    @Test func aStalePlanIsKnownByItsRoutine() {
        var report = ServerReport(sqlState: "0A000", message: "der Plan passt nicht mehr")
        report.routine = "RevalidateCachedQuery"
        #expect(PostgresError(report).code == .staleStatement)
    }

    @Test func theDescriptionQuotesNothingOfTheServer() {
        var report = ServerReport(sqlState: "23505", message: "message with hunter2")
        report.detail = "Key (code)=(hunter2) already exists."
        report.hint = "hunter2"
        report.context = "hunter2"
        report.constraint = "secret_pkey"
        report.table = "secret"
        let error = PostgresError(report).inStatement("INSERT INTO secret VALUES ($1)")
        #expect(
            error.description
                == "postgres: uniqueViolation (23505) constraint \"secret_pkey\" table \"secret\" in: INSERT INTO secret VALUES ($1)"
        )
        #expect("\(report)" == "ERROR 23505")
        #expect(error.debugDescription.contains("Key (code)=(hunter2)"))
    }

    @Test func anAbortedTransactionIsAsRetriableAsItsCause() {
        let deadlock = PostgresError(.transactionAborted, cause: PostgresError(.deadlockDetected))
        #expect(deadlock.isRetriable)
        let duplicate = PostgresError(.transactionAborted, cause: PostgresError(.uniqueViolation))
        #expect(!duplicate.isRetriable)
        #expect(TransactionFailure(error: deadlock, failure: nil).mayRepeat)
        #expect(!TransactionFailure(error: duplicate, failure: nil).mayRepeat)
    }

    @Test func aFailureBehindTheThrownErrorDecidesOnRepeating() {
        struct Wrapped: Error {}
        #expect(TransactionFailure(error: Wrapped(), failure: PostgresError(.serializationFailure)).mayRepeat)
        #expect(!TransactionFailure(error: Wrapped(), failure: nil).mayRepeat)
        #expect(!TransactionFailure(error: PostgresError(.unknownOutcome), failure: nil).mayRepeat)
        #expect(!TransactionFailure(error: PostgresError(.connectionLost), failure: nil).mayRepeat)
    }

    @Test func theInnermostStatementIsNamed() {
        let error = PostgresError(.server).inStatement("SELECT 1").inStatement("SELECT 2")
        #expect(error.statement == "SELECT 1")
    }
}
