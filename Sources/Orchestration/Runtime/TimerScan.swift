import Messaging
import Participant
import Postgres
import Telemetry

/// Fires timers that are due, at intervals.
///
/// Any number of orchestrators scan: a saga that one of them holds is passed over by the others.
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
        return try await participant.transact { transaction in
            let locked = try await transaction.query(
                InstanceStore.lock(wakingBy: PostgresTimestamp(milliseconds: due), countMax: Self.countMax))
            return (locked.count, try await sagas.fire(locked, due: due, in: transaction))
        }
    }
}
