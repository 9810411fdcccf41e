import Participant
import Postgres
import Telemetry

/// Tells running sagas which participants are paused, at intervals.
///
/// A saga that starts meanwhile hears of it within an interval; until then it may ask, and its clock stands from then on.
/// One that cannot be told is put off alone, so that the others hear.
struct PauseKeeping: Sendable {
    let sagas: SagaTransaction
    let log: Logger

    static let interval = Duration.seconds(1)
    private static let countMax = 64

    func run(_ participant: Participant) async throws {
        var mayAnyBelieveInPauses = true
        var left = SagasPutOff()
        while !Task.isCancelled {
            do {
                let paused = try await SagaPauseStore.paused(in: participant.pool)
                if !paused.isEmpty || mayAnyBelieveInPauses {
                    while try await tell(paused, participant, &left) == Self.countMax {}
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

    /// - Returns: how many sagas were to be told.
    private func tell(
        _ paused: [String], _ participant: Participant, _ left: inout SagasPutOff, countMax: Int = countMax
    ) async throws -> Int {
        let leftOut = left.all(at: .now)
        var untold: [SagaPauseStore.Untold] = []
        do {
            let written = try await participant.transact { transaction in
                untold = try await SagaPauseStore.untold(
                    paused, leavingOut: leftOut, countMax: countMax, in: transaction)
                let inputs = untold.enumerated().flatMap { place, saga in saga.inputs(paused, place: place) }
                let result = try await sagas.take(inputs, in: transaction)
                if let failure = result.failures.first?.value { throw failure }
                return (result.written, result.outgoing)
            }
            sagas.remember(written)
        } catch let error where SagaFailure.isOfSaga(error) && !untold.isEmpty {
            if countMax > 1 {
                for _ in untold {
                    guard try await tell(paused, participant, &left, countMax: 1) > 0 else { break }
                }
            } else {
                left.putOff(untold[0].saga, at: .now)
                log.error("a saga cannot be told of pauses and is put off", .failure(error, of: untold[0].saga))
            }
        }
        return untold.count
    }
}
