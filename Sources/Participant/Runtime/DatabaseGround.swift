import Postgres
import Telemetry

/// The database a participant stands on: its pool, the epoch its outbox rows belong to, and waiting until it is back.
final class DatabaseGround: Sendable {
    let pool: PostgresPool
    private let currentEpoch = Lock<Int64>(0)
    private let backoffMax: Duration

    init(_ pool: PostgresPool, backoffMax: Duration) {
        self.pool = pool
        self.backoffMax = backoffMax
    }

    /// The epoch of this process; it changes only if the lease was lost.
    var epoch: Int64 { currentEpoch.withLock { $0 } }

    func set(epoch: Int64) { currentEpoch.withLock { $0 = epoch } }

    /// Waits a little longer each time, then until the database answers. Returns early if the task is cancelled.
    ///
    /// - Parameter failureCount: how often in a row the ground failed.
    func untilBack(failureCount: Int) async {
        var attempt = failureCount
        repeat {
            // Spread, so that processes that failed together do not come back together.
            let pause = min(backoffMax, .milliseconds(10) * (1 << min(attempt, 10))) * Double.random(in: 0.5...1)
            do { try await Task.sleep(for: pause) } catch { return }
            attempt += 1
        } while !(await answers()) && !Task.isCancelled
    }

    func answers() async -> Bool {
        do {
            try await pool.query("SELECT 1")
            return true
        } catch {
            return false
        }
    }
}
