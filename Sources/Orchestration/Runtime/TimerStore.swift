import Postgres
import SagaModel

/// The SQL of timers that are due.
struct TimerStore: Sendable {
    /// A timer whose time has come.
    struct Due: Sendable {
        var saga: Identifier
        var turn: Turn
    }

    /// Finds due timers of sagas nobody works on, and locks those sagas: saga before timer, as everybody does.
    ///
    /// Sagas that are locked are passed over: what is being taken in may be the reply that cancels the timer.
    static func take(
        due now: PostgresTimestamp, countMax: Int, in transaction: Transaction
    ) async throws(PostgresError) -> [Due] {
        let ids = try await transaction.query(
            """
            SELECT saga_instance.id FROM saga_instance
            WHERE id IN (SELECT saga FROM saga_timer WHERE due <= \(now) ORDER BY due LIMIT \(Int64(countMax)))
            ORDER BY id FOR UPDATE SKIP LOCKED
            """)
        var sagas: [PostgresUUID] = []
        for row in ids { sagas.append(try row.decode(PostgresUUID.self, at: 0)) }
        if sagas.isEmpty { return [] }
        // Read again under the lock: what was due a moment ago may have been cancelled.
        let rows = try await transaction.query(
            """
            SELECT saga, step, direction, try FROM saga_timer
            WHERE saga = ANY (\(sagas)) AND due <= \(now) ORDER BY due
            """)
        var timers: [Due] = []
        for row in rows {
            let (saga, step, direction, attempt) = try row.decode(
                PostgresUUID.self, String.self, String.self, Int32.self)
            let turn = Turn(step: step, direction: Direction(rawValue: direction) ?? .do, attempt: Int(attempt))
            timers.append(Due(saga: Identifier(saga), turn: turn))
        }
        return timers
    }

    /// Whether any timer is due.
    static func isAnyDue(at now: PostgresTimestamp, in database: some PostgresQueryable) async throws(PostgresError)
        -> Bool
    {
        try await database.query("SELECT EXISTS (SELECT FROM saga_timer WHERE due <= \(now))").only().decode(at: 0)
    }
}

extension SagaInput {
    init(firing timer: TimerStore.Due, place: Int) {
        self.init(.existing(timer.saga), .timerFired(timer.turn), place: place)
    }
}
