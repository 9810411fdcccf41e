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

    /// - Returns: how many fired.
    private func fire(_ participant: Participant) async throws -> Int {
        var now = sagas.now()
        guard try await TimerStore.isAnyDue(at: PostgresTimestamp(milliseconds: now), in: participant.pool) else {
            return 0
        }
        if try await participant.waitingCount(inQueue: replyQueue) > 0 { now -= Self.latenessMax }
        let moment = PostgresTimestamp(milliseconds: now)
        return try await participant.transact { transaction in
            let due = try await TimerStore.take(due: moment, countMax: Self.countMax, in: transaction)
            let inputs = due.enumerated().map { place, timer in
                SagaInput(firing: timer, place: place)
            }
            let result = try await sagas.take(inputs, in: transaction)
            if let failure = result.failures.first?.value { throw failure }
            return (due.count, inputs.flatMap { result.messages[$0.place] ?? [] })
        }
    }
}
