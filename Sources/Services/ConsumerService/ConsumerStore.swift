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

    /// Reads a consumer and the slot of one of its orders; nil for a consumer nobody knows. The consumer is locked, so that two
    /// orders never take the last slot of a day both.
    static let consumerAndSlot = Reading<ConsumerMessages.VerifyConsumer, (consumer: Consumer, slot: Slot)?> { wanted in
        """
        SELECT number, is_active, plan, slot.state
        FROM unnest(\(wanted.map(\.number)), \(wanted.map(\.command.consumerId)), \(wanted.map(\.command.orderId)))
            AS wanted (number, id, order_id) JOIN consumer USING (id) LEFT JOIN slot USING (order_id)
        ORDER BY id FOR NO KEY UPDATE OF consumer
        """
    } found: { rows throws(PostgresError) in
        guard let row = rows.first else { return nil }
        let (_, isActive, plan, state) = try row.decode(Int64.self, Bool.self, String.self, String?.self)
        let consumer = Consumer(isActive: isActive, plan: ConsumerMessages.Plan(rawValue: plan) ?? .regular)
        return (consumer, Slot(state: state.flatMap(Slot.State.init) ?? .none))
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

    /// A new slot, of today.
    struct SlotInsert: JoinedWrite {
        var order: String
        var consumer: String
        var slot: Slot

        static func statement(_ writes: [SlotInsert]) -> SQL {
            """
            INSERT INTO slot (order_id, consumer, day, state)
            SELECT order_id, consumer, (now() AT TIME ZONE 'UTC')::date, state
            FROM unnest(\(writes.map(\.order)), \(writes.map(\.consumer)), \(writes.map(\.slot.state.rawValue)))
                AS new (order_id, consumer, state)
            """
        }
    }

    static func update(
        _ slot: Slot, ofOrder id: String, in transaction: some EventTransaction
    ) throws(PostgresError) {
        try transaction.enqueue("UPDATE slot SET state = \(slot.state.rawValue) WHERE order_id = \(id)")
    }
}
