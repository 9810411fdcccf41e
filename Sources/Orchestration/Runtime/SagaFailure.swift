import Participant
import Postgres
import SagaModel
import Telemetry

/// Tells the failures of one saga from those of the ground that all stand on.
enum SagaFailure {
    /// Whether a transaction over sagas failed because of one of them, so that the others can go on without it.
    ///
    /// Its row may be damaged, its definition gone, or what it wants to write refused.
    static func isOfSaga(_ error: any Error) -> Bool {
        if error is CancellationError || error is ParticipantNotRunning || FailureRule.isGround(error) { return false }
        guard let error = error as? PostgresError else { return true }
        let cause = error.code == .transactionAborted ? error.cause ?? error : error
        // That a statement took too long says nothing of a saga: all that is done here is to look rows up by their keys.
        return ![.transactionClosed, .statementTimeout, .deadlineExceeded].contains(cause.code)
    }

    /// How long a saga that failed alone is left in peace: it is tried again after somebody may have mended it.
    static let pause = Duration.seconds(60)
}

/// The sagas that failed alone and are left out for a while.
struct SagasPutOff {
    typealias Instant = ContinuousClock.Instant

    private var ends: [Identifier: Instant] = [:]

    mutating func putOff(_ id: Identifier, at now: Instant) { ends[id] = now + SagaFailure.pause }

    /// Those that are left out still.
    mutating func all(at now: Instant) -> [Identifier] {
        ends = ends.filter { now < $0.value }
        return Array(ends.keys)
    }
}

extension LogFields {
    /// The fields that tell of an error and of the saga that it concerns.
    static func failure(_ error: any Error, of saga: Identifier) -> LogFields {
        .failure(error, [LogFieldName.sagaID: .string(saga.description)])
    }
}
