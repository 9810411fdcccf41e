import Messaging
import Postgres

/// What is written at the end of a run. Every statement is queued: all of them leave with COMMIT in one round trip.
extension RunStore {
    /// - Parameter replies: the commands, and the places of their replies among the messages.
    func enqueueReplies(
        _ replies: [(command: UUIDv7, row: Int)], _ messages: StoredMessages, in transaction: Transaction
    ) throws(PostgresError) {
        if replies.isEmpty { return }
        let commands = replies.map { PostgresUUID($0.command) }
        let ids = replies.map { messages.ids[$0.row] }
        let keys = replies.map { messages.keys[$0.row] }
        let rows = replies.map(\.row)
        let envelopes = messages.envelopes.picking(rows)
        let bodies = messages.bodies.picking(rows)
        try transaction.enqueue(
            """
            INSERT INTO skald.reply (command_id, id, routing_key, envelope, body)
            SELECT * FROM unnest(\(commands), \(ids), \(keys), \(envelopes), \(bodies))
            """)
    }

    func enqueueOutbox(_ messages: [OutgoingMessage], in transaction: Transaction) throws(PostgresError) {
        try enqueueOutbox(StoredMessages(messages), in: transaction)
    }

    /// A command sent again keeps its id, and the row of the first sending may still be there: one row is enough for both.
    func enqueueOutbox(_ messages: StoredMessages, in transaction: Transaction) throws(PostgresError) {
        if messages.ids.isEmpty { return }
        try transaction.enqueue(
            """
            INSERT INTO skald.outbox (id, owner, exchange, routing_key, envelope, body)
            SELECT id, \(epoch), exchange, routing_key, envelope, body
            FROM unnest(
                \(messages.ids), \(messages.exchanges), \(messages.keys), \(messages.envelopes), \(messages.bodies))
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

/// Messages as columns of the tables they are written to: a reply goes to two.
struct StoredMessages: Sendable {
    let ids: [PostgresUUID]
    let exchanges: [String]
    let keys: [String]
    let envelopes: PostgresTexts
    let bodies: PostgresTexts

    /// Room for most envelopes; more costs a copy.
    private static let envelopeByteCountExpected = 400

    init(_ messages: [OutgoingMessage]) {
        ids = messages.map { PostgresUUID($0.id) }
        exchanges = messages.map(\.exchange)
        keys = messages.map(\.routingKey)
        envelopes = Self.envelopes(of: messages)
        bodies = Self.bodies(of: messages)
    }

    private static func envelopes(of messages: [OutgoingMessage]) -> PostgresTexts {
        var writer = FlatJSONWriter(byteCapacity: messages.count * envelopeByteCountExpected)
        var ends: [Int] = []
        ends.reserveCapacity(messages.count)
        for message in messages {
            writer.write(message.envelope)
            ends.append(writer.byteCount)
        }
        return PostgresTexts(utf8: writer.bytes(), ends: ends)
    }

    private static func bodies(of messages: [OutgoingMessage]) -> PostgresTexts {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(messages.reduce(0) { $0 + $1.body.count })
        var ends: [Int] = []
        ends.reserveCapacity(messages.count)
        for message in messages {
            bytes += message.body
            ends.append(bytes.count)
        }
        return PostgresTexts(utf8: bytes, ends: ends)
    }
}
