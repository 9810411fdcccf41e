import Messaging
import Participant
import Postgres
import Telemetry

/// Fires timers that are due, at intervals.
///
/// Any number of orchestrators scan: a saga that one of them holds is passed over by the others. One whose timers cannot fire
/// is put off alone, so that the others go on.
struct TimerScan: Sendable {
    let sagas: SagaTransaction
    let log: Logger
    let replyQueue: String

    static let interval = Duration.milliseconds(250)
    private static let countMax = 64

    func run(_ participant: Participant) async throws {
        var rule = TimerRule()
        while !Task.isCancelled {
            do {
                while try await fire(participant, &rule) == Self.countMax {}
            } catch is ParticipantNotRunning {
                // It waits for what it stands on; so do the timers.
            } catch {
                if Task.isCancelled { return }
                log.warning("timers cannot fire and are tried again", .failure(error))
            }
            do { try await Task.sleep(for: Self.interval) } catch { return }
        }
    }

    /// - Returns: how many sagas were looked at.
    private func fire(_ participant: Participant, _ rule: inout TimerRule) async throws -> Int {
        guard participant.isWorking else { return 0 }
        let now = sagas.now()
        let isAnyWaking = InstanceStore.isAnyWaking(by: PostgresTimestamp(milliseconds: now))
        let isAnyDue = try await participant.pool.query(isAnyWaking).only().decode(Bool.self, at: 0)
        rule.hears(at: .now)
        guard isAnyDue else { return 0 }
        // In this order: what is in the queue no more is in hand, or settled.
        let waitingCount = try await participant.waitingCount(inQueue: replyQueue)
        let heldSince = participant.holdingSince(ofQueue: replyQueue)
        let lateness = rule.lateness(at: .now, waitingCount: waitingCount, heldSince: heldSince)
        let due = now - Int64(lateness / .milliseconds(1))
        return try await fire(participant, due: due)
    }

    /// - Parameter due: by when the timers were to fire, in milliseconds since 1970.
    private func fire(_ participant: Participant, due: Int64) async throws -> Int {
        let time = PostgresTimestamp(milliseconds: due)
        var found: [InstanceStore.Found] = []
        do {
            try await fire(InstanceStore.lock(wakingBy: time, countMax: Self.countMax), &found, participant, due: due)
        } catch let error where SagaFailure.isOfSaga(error) && !found.isEmpty {
            for saga in found {
                do {
                    var alone: [InstanceStore.Found] = []
                    try await fire(InstanceStore.lock(saga.id, wakingBy: time), &alone, participant, due: due)
                } catch let error where SagaFailure.isOfSaga(error) {
                    try await putOff(saga, participant, due: time, because: error)
                }
            }
        }
        return found.count
    }

    /// Fires the timers of some sagas in one transaction.
    ///
    /// - Parameter found: the sagas that are looked at, also where it throws.
    private func fire(
        _ lock: SQL, _ found: inout [InstanceStore.Found], _ participant: Participant, due: Int64
    ) async throws {
        let written = try await participant.transact { transaction in
            let locked = try await transaction.query(lock)
            found = try locked.map(InstanceStore.found)
            let result = try await sagas.fire(locked, due: due, in: transaction)
            return (result.written, result.outgoing)
        }
        sagas.remember(written)
    }

    private func putOff(
        _ saga: InstanceStore.Found, _ participant: Participant, due: PostgresTimestamp, because error: any Error
    ) async throws {
        let later = sagas.now() + Int64(SagaFailure.pause / .milliseconds(1))
        try await participant.pool.execute(
            InstanceStore.putOff(saga.id, wakingBy: due, until: PostgresTimestamp(milliseconds: later)))
        log.error("the timers of a saga cannot fire and are put off", .failure(error, of: saga.id))
    }
}
