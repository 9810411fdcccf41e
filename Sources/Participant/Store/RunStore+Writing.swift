import Messaging
import Postgres

/// What is written at the end of a run. Every statement is queued: all of them leave with COMMIT in one round trip.
extension RunStore {
    func enqueueReplies(
        _ replies: [(command: UUIDv7, reply: OutgoingMessage)], in transaction: Transaction
    ) throws {
        if replies.isEmpty { return }
        let commands = replies.map { PostgresUUID($0.command) }
        let ids = replies.map { PostgresUUID($0.reply.id) }
        let keys = replies.map(\.reply.routingKey)
        let envelopes = try replies.map { try $0.reply.storedEnvelope }
        let bodies = replies.map { String(decoding: $0.reply.body, as: UTF8.self) }
        try transaction.enqueue(
            """
            INSERT INTO skald.reply (command_id, id, routing_key, envelope, body)
            SELECT * FROM unnest(\(commands), \(ids), \(keys), \(envelopes), \(bodies))
            """)
    }

    /// A command sent again keeps its id, and the row of the first sending may still be there: one row is enough for both.
    func enqueueOutbox(_ messages: [OutgoingMessage], in transaction: Transaction) throws {
        if messages.isEmpty { return }
        let ids = messages.map { PostgresUUID($0.id) }
        let exchanges = messages.map(\.exchange)
        let keys = messages.map(\.routingKey)
        let envelopes = try messages.map { try $0.storedEnvelope }
        let bodies = messages.map { String(decoding: $0.body, as: UTF8.self) }
        try transaction.enqueue(
            """
            INSERT INTO skald.outbox (id, owner, exchange, routing_key, envelope, body)
            SELECT id, \(epoch), exchange, routing_key, envelope, body
            FROM unnest(\(ids), \(exchanges), \(keys), \(envelopes), \(bodies))
                AS message (id, exchange, routing_key, envelope, body)
            ON CONFLICT (id) DO NOTHING
            """)
    }

    func enqueueFences(_ fences: [FenceKey: FenceState], in transaction: Transaction) throws(PostgresError) {
        if fences.isEmpty { return }
        let sorted = fences.sorted { ($0.key.saga, $0.key.step) < ($1.key.saga, $1.key.step) }
        let sagas = sorted.map(\.key.saga)
        let steps = sorted.map(\.key.step)
        let states = sorted.map(\.value.rawValue)
        try transaction.enqueue(
            """
            UPDATE skald.fence SET state = next.state, changed_at = now()
            FROM unnest(\(sagas), \(steps), \(states)) AS next (saga, step, state)
            WHERE fence.saga = next.saga AND fence.step = next.step
            """)
    }

    /// Deletes rows whose messages the broker has confirmed.
    func enqueueDeletion(_ confirmed: [UUIDv7], in transaction: Transaction) throws(PostgresError) {
        if confirmed.isEmpty { return }
        try transaction.enqueue(Self.deletion(confirmed))
    }

    static func deletion(_ confirmed: [UUIDv7]) -> SQL {
        "DELETE FROM skald.outbox WHERE id = ANY (\(confirmed.map { PostgresUUID($0) }))"
    }
}
