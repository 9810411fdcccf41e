import Contracts
import Participant
import Postgres

/// The SQL of consumers and their slots.
struct ConsumerStore: Sendable {
    struct Consumer: Sendable {
        var isActive: Bool
        var plan: ConsumerMessages.Plan
    }

    static func register(
        _ id: String, plan: ConsumerMessages.Plan, isActive: Bool, in transaction: some EventTransaction
    ) throws {
        try transaction.enqueue(
            """
            INSERT INTO consumer (id, plan, is_active) VALUES (\(id), \(plan.rawValue), \(isActive))
            ON CONFLICT (id) DO UPDATE SET plan = excluded.plan, is_active = excluded.is_active, changed_at = now()
            """)
    }

    /// Reads a consumer and locks it, so that two orders never take the last slot of a day both.
    static func find(
        _ id: String, in transaction: some EventTransaction
    ) async throws(PostgresError) -> Consumer? {
        let row = try await transaction.query(
            "SELECT is_active, plan FROM consumer WHERE id = \(id) FOR NO KEY UPDATE"
        ).atMostOne()
        guard let row else { return nil }
        let (isActive, plan) = try row.decode(Bool.self, String.self)
        return Consumer(isActive: isActive, plan: ConsumerMessages.Plan(rawValue: plan) ?? .regular)
    }

    /// How many slots of today (UTC) the consumer's orders hold.
    static func takenToday(
        by consumer: String, in transaction: some EventTransaction
    ) async throws(PostgresError) -> Int64 {
        try await transaction.query(
            """
            SELECT count(*) FROM slot
            WHERE consumer = \(consumer) AND day = (now() AT TIME ZONE 'UTC')::date AND state = 'TAKEN'
            """
        ).only().decode(at: 0)
    }

    static func slot(ofOrder id: String, in transaction: some EventTransaction) async throws(PostgresError) -> Slot {
        let row = try await transaction.query("SELECT state FROM slot WHERE order_id = \(id)").atMostOne()
        let state = try row?.decode(String.self, at: 0)
        return Slot(state: state.flatMap(Slot.State.init) ?? .none)
    }

    static func insert(
        _ slot: Slot, ofOrder id: String, consumer: String, in transaction: some EventTransaction
    ) throws(PostgresError) {
        try transaction.enqueue(
            """
            INSERT INTO slot (order_id, consumer, day, state)
            VALUES (\(id), \(consumer), (now() AT TIME ZONE 'UTC')::date, \(slot.state.rawValue))
            """)
    }

    static func update(
        _ slot: Slot, ofOrder id: String, in transaction: some EventTransaction
    ) throws(PostgresError) {
        try transaction.enqueue("UPDATE slot SET state = \(slot.state.rawValue) WHERE order_id = \(id)")
    }
}
