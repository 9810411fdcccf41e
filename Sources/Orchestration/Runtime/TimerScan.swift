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
    /// While replies wait in it no timer fires: they may have come before the timers' time.
    let replyQueue: String

    static let interval = Duration.milliseconds(250)
    private static let countMax = 64
    /// A timer this late fires whatever waits: a reply queue that never empties must not stop the clocks for ever.
    private static let latenessMax = Int64(60_000)

    func run(_ participant: Participant) async throws {
        while !Task.isCancelled {
            do {
                while try await fire(participant) == Self.countMax {}
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
    private func fire(_ participant: Participant) async throws -> Int {
        let now = sagas.now()
        let isAnyWaking = InstanceStore.isAnyWaking(by: PostgresTimestamp(milliseconds: now))
        guard try await participant.pool.query(isAnyWaking).only().decode(Bool.self, at: 0) else { return 0 }
        let isAnyReplyWaiting = try await participant.waitingCount(inQueue: replyQueue) > 0
        let due = isAnyReplyWaiting ? now - Self.latenessMax : now
        return try await participant.transact { transaction in
            let locked = try await transaction.query(
                InstanceStore.lock(wakingBy: PostgresTimestamp(milliseconds: due), countMax: Self.countMax))
            return (locked.count, try await sagas.fire(locked, due: due, in: transaction))
        }
    }
}
