import Participant
import Postgres
import Telemetry

/// Forgets sagas that ended longer ago than their definition wants them kept, and events that nobody began to wait for.
///
/// Their keys stay, so that none runs twice, and so does whatever is open or stuck.
struct RetentionKeeping: LongRunning {
    let database: PostgresPool
    let log: Logger

    private static let interval = Duration.seconds(60)
    /// Sagas are kept for days, so they are looked at every so many times only.
    private static let roundsBetweenSagas = 60
    /// In one transaction, so that nobody waits long for it.
    private static let countMax = 500

    func run() async throws {
        var round = 0
        while !Task.isCancelled {
            do {
                try await database.execute(EarlyEventStore.deletion)
                if round == 0 { while try await forget() == Self.countMax {} }
                round = (round + 1) % Self.roundsBetweenSagas
            } catch {
                if Task.isCancelled { return }
                log.warning("old sagas cannot be forgotten now", .failure(error))
            }
            do { try await Task.sleep(for: Self.interval) } catch { return }
        }
    }

    /// - Returns: how many were forgotten.
    private func forget() async throws -> Int {
        try await database.execute(
            """
            WITH old AS (
                SELECT saga.id FROM saga_instance AS saga JOIN saga_definition ON hash = saga.definition
                WHERE ended_at < now() - retention LIMIT \(Int64(Self.countMax)) FOR UPDATE OF saga SKIP LOCKED
            ), history AS (DELETE FROM saga_history WHERE saga IN (SELECT id FROM old))
            DELETE FROM saga_instance WHERE id IN (SELECT id FROM old)
            """)
    }
}
