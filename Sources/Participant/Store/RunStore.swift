import Messaging
import Postgres

/// The SQL of one run's transaction: what is claimed and locked at its beginning, what is written at its end.
struct RunStore: Sendable {
    /// The process that owns the outbox rows.
    let epoch: Int64

    /// A member as the tables see it.
    struct Member: Sendable {
        let id: UUIDv7
        let type: MessageType
        let saga: String?
        let fence: Fence?
    }

    struct Fence: Sendable, Hashable {
        let key: FenceKey
        /// What its row is made with.
        let expectation: FenceState
    }

    struct FenceKey: Sendable, Hashable {
        let saga: String
        let step: String
    }

    /// What the beginning found.
    struct Opened: Sendable {
        /// Ids nobody had claimed before.
        var claimed: Set<UUIDv7> = []
        /// The replies of commands that were handled before.
        var replies: [UUIDv7: OutgoingMessage] = [:]
        var fences: [FenceKey: FenceState] = [:]
        /// What the handler's own statements gave.
        var rows: [Rows] = []
    }

    /// Claims, locks keys and fences, and begins what the handler asked for: one round trip, unless something was there
    /// before.
    ///
    /// A fence that is new is locked by being inserted. For stored replies and older fences there is a second round trip,
    /// which a first delivery never needs.
    ///
    /// Ids, lock numbers and fences go in sorted, so that two processes with the same messages never wait for each other
    /// in a circle.
    func open(
        _ members: [Member], keys: [String], opening: [SQL], in transaction: Transaction
    ) async throws(PostgresError) -> Opened {
        let sorted = members.sorted { $0.id < $1.id }
        let fences = members.compactMap(\.fence).sorted { ($0.key.saga, $0.key.step) < ($1.key.saga, $1.key.step) }
        var own = [claim(sorted)]
        if !keys.isEmpty { own.append(lock(Set(keys.map(Self.lockNumber)).sorted())) }
        if !fences.isEmpty { own.append(makeFences(fences)) }
        let rows = try await transaction.query(own + opening)
        var opened = Opened(rows: Array(rows.dropFirst(own.count)))
        for row in rows[0] { opened.claimed.insert(try row.identifier(at: 0)) }
        if !fences.isEmpty {
            for row in rows[own.count - 1] {
                let (saga, step) = try row.decode(String.self, String.self)
                opened.fences[FenceKey(saga: saga, step: step)] = .new
            }
        }
        let repeated = sorted.map(\.id).filter { !opened.claimed.contains($0) }
        let older = fences.map(\.key).filter { opened.fences[$0] == nil }
        if !repeated.isEmpty || !older.isEmpty { try await look(at: repeated, older, &opened, in: transaction) }
        return opened
    }

    /// Reads the replies of commands that were handled before, and locks fences that were there before.
    private func look(
        at repeated: [UUIDv7], _ fences: [FenceKey], _ opened: inout Opened, in transaction: Transaction
    ) async throws(PostgresError) {
        let rows = try await transaction.query([
            replies(repeated.map { PostgresUUID($0) }), lockFences(fences),
        ])
        for row in rows[0] {
            let (id, reply) = try Self.storedReply(row)
            opened.replies[id] = reply
        }
        for row in rows[1] {
            let (saga, step, state) = try row.decode(String.self, String.self, String.self)
            opened.fences[FenceKey(saga: saga, step: step)] = FenceState(rawValue: state) ?? .new
        }
    }

    /// Claims and locks keys without waiting for an answer: the transaction fails where somebody has claimed an id before.
    ///
    /// For members without a fence.
    func enqueueOpening(_ members: [Member], keys: [String], in transaction: Transaction) throws(PostgresError) {
        try transaction.enqueue(insertion(members.sorted { $0.id < $1.id }))
        if !keys.isEmpty { try transaction.enqueue(lock(Set(keys.map(Self.lockNumber)).sorted())) }
    }

    private func claim(_ members: [Member]) -> SQL {
        "\(sql: insertion(members)) ON CONFLICT DO NOTHING RETURNING id"
    }

    private func insertion(_ members: [Member]) -> SQL {
        let ids = members.map { PostgresUUID($0.id) }
        let types = members.map(\.type.text)
        let sagas = members.map { $0.saga ?? "" }
        return """
            INSERT INTO skald.inbox (id, type, saga)
            SELECT id, type, nullif(saga, '') FROM unnest(\(ids), \(types), \(sagas)) AS member (id, type, saga)
            """
    }

    /// Those that somebody waits for.
    private func replies(_ ids: [PostgresUUID]) -> SQL {
        """
        SELECT command_id, id, routing_key, envelope, body FROM skald.reply
        WHERE command_id = ANY (\(ids)) AND routing_key <> ''
        """
    }

    private func lock(_ numbers: [Int64]) -> SQL {
        "SELECT count(pg_advisory_xact_lock(number)) FROM unnest(\(numbers)) AS number"
    }

    private func makeFences(_ fences: [Fence]) -> SQL {
        let sagas = fences.map(\.key.saga)
        let steps = fences.map(\.key.step)
        let states = fences.map(\.expectation.rawValue)
        return """
            INSERT INTO skald.fence (saga, step, state)
            SELECT saga, step, state FROM unnest(\(sagas), \(steps), \(states)) AS wanted (saga, step, state)
            ON CONFLICT DO NOTHING RETURNING saga, step
            """
    }

    private func lockFences(_ fences: [FenceKey]) -> SQL {
        """
        SELECT saga, step, state FROM skald.fence
        WHERE (saga, step) IN (SELECT * FROM unnest(\(fences.map(\.saga)), \(fences.map(\.step))))
        ORDER BY saga, step FOR UPDATE
        """
    }

    private static func storedReply(_ row: Row) throws(PostgresError) -> (UUIDv7, OutgoingMessage?) {
        let command = try row.identifier(at: 0)
        let id = try row.identifier(at: 1)
        let message = try OutgoingMessage(
            id: id, exchange: TopologyNames.replies, routingKey: row.decode(at: 2), envelope: row.decode(at: 3),
            body: row.decode(at: 4))
        return (command, message)
    }

    /// FNV-1a over the key. Every process must come to the same number; two keys with one number only wait for each other.
    static func lockNumber(_ key: String) -> Int64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in key.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        return Int64(bitPattern: hash)
    }
}

extension PostgresUUID {
    init(_ id: UUIDv7) { self.init(high: id.high, low: id.low) }
}

extension Row {
    /// An id of ours. One of another version cannot have come from us, and is read as the id of nothing.
    func identifier(at column: Int) throws(PostgresError) -> UUIDv7 {
        let value = try decode(PostgresUUID.self, at: column)
        return UUIDv7(high: value.high, low: value.low) ?? UUIDv7(milliseconds: 0, randomHigh: 0, randomLow: 0)
    }
}

extension OutgoingMessage {
    /// A message out of a table; nil if somebody changed its row into what no message can be.
    init?(id: UUIDv7, exchange: String, routingKey: String, envelope: String, body: String) {
        guard let stored = try? JSON.decode(StoredEnvelope.self, from: Array(envelope.utf8)),
            let envelope = stored.envelope(id: id)
        else { return nil }
        self.init(exchange: exchange, routingKey: routingKey, envelope: envelope, body: Array(body.utf8))
    }
}
