import Participant
import Postgres
import Telemetry

/// Tells running sagas which participants are paused, at intervals.
///
/// A saga that starts meanwhile hears of it within an interval; until then it may ask, and its clock stands from then on.
struct PauseKeeping: Sendable {
    let sagas: SagaTransaction
    let log: Logger

    static let interval = Duration.seconds(1)
    private static let countMax = 64

    func run(_ participant: Participant) async throws {
        var mayAnyBelieveInPauses = true
        while !Task.isCancelled {
            do {
                let paused = try await SagaPauseStore.paused(in: participant.pool)
                if !paused.isEmpty || mayAnyBelieveInPauses {
                    while try await tell(paused, participant) == Self.countMax {}
                    // Sagas that were locked have been passed over, and must hear of a resume, too.
                    mayAnyBelieveInPauses = try await SagaPauseStore.isAnyPause(believedIn: participant.pool)
                }
            } catch is ParticipantNotRunning {
                // It waits for what it stands on.
            } catch {
                if Task.isCancelled { return }
                log.warning("sagas cannot be told of pauses and are told again", .failure(error))
            }
            do { try await Task.sleep(for: Self.interval) } catch { return }
        }
    }

    /// - Returns: how many sagas were told.
    private func tell(_ paused: [String], _ participant: Participant) async throws -> Int {
        try await participant.transact { transaction in
            let untold = try await SagaPauseStore.untold(paused, countMax: Self.countMax, in: transaction)
            let inputs = untold.enumerated().flatMap { place, saga in saga.inputs(paused, place: place) }
            let result = try await sagas.take(inputs, in: transaction)
            if let failure = result.failures.first?.value { throw failure }
            return (untold.count, untold.indices.flatMap { result.messages[$0] ?? [] })
        }
    }
}
