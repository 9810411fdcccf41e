import Messaging
import Postgres
import SagaModel

/// The SQL of one transaction over sagas: what is locked and read at its beginning.
struct InstanceStore: Sendable {
    /// An instance as its row has it.
    struct Stored: Sendable {
        var id: Identifier
        var definition: String
        var version: Int64
        var traceparent: String?
        var state: String
        /// In milliseconds since 1970.
        var startedAt: Int64
        /// When it is looked at for timers that are due, at the latest.
        var wakeAt: Int64?
    }

    /// A row as far as it is always looked at.
    struct Found: Sendable {
        var id: Identifier
        var stamp: InstanceStamp
        /// In milliseconds since 1970.
        var wakeAt: Int64?
    }

    /// The state last: it may be left out.
    private static let columns: SQL = """
        saga.id, saga.version, saga.changed_at, saga.wake_at, saga.definition, saga.traceparent, saga.started_at
        """

    /// Claims keys for new sagas, and tells whose each key is; it may have been somebody else's all along.
    ///
    /// Keys go in sorted, so that two orchestrators with the same events never wait for each other in a circle.
    static func claim(_ starts: [SagaStart]) -> [SQL] {
        let names = starts.map(\.definition.name)
        let keys = starts.map(\.key)
        return [
            "\(sql: insertion(starts)) ON CONFLICT DO NOTHING RETURNING saga",
            """
            SELECT name, key, saga FROM saga_key WHERE (name, key) IN (SELECT * FROM unnest(\(names), \(keys)))
            """,
        ]
    }

    /// Claims keys for new sagas; it fails where one is somebody else's.
    static func insertion(_ starts: [SagaStart]) -> SQL {
        let sorted = starts.sorted { ($0.definition.name, $0.key) < ($1.definition.name, $1.key) }
        return """
            INSERT INTO saga_key (name, key, saga)
            SELECT * FROM unnest(
                \(sorted.map(\.definition.name)), \(sorted.map(\.key)), \(sorted.map { PostgresUUID($0.id) }))
            """
    }

    /// Reads one, without a lock.
    static func find(_ id: Identifier) -> SQL {
        "SELECT \(sql: columns), state FROM saga_instance AS saga WHERE id = \(PostgresUUID(id))"
    }

    /// Locks instances in the order of their ids and reads them.
    static func lock(_ ids: [Identifier]) -> SQL {
        """
        SELECT \(sql: columns), state FROM saga_instance AS saga
        WHERE id = ANY (\(ids.map { PostgresUUID($0) })) ORDER BY id FOR UPDATE
        """
    }

    /// Locks instances and reads them, except the states of those that are still what is known of them.
    static func lock(_ ids: [Identifier], known: [Identifier: InstanceStamp]) -> SQL {
        let stamps = ids.map { known[$0] ?? .none }
        return """
            SELECT \(sql: columns),
                CASE WHEN saga.version = known.version AND saga.changed_at = known.changed_at THEN NULL ELSE state END
            FROM unnest(
                \(ids.map { PostgresUUID($0) }), \(stamps.map(\.version)),
                \(stamps.map { PostgresTimestamp(milliseconds: $0.changedAt) })) AS known (id, version, changed_at)
                JOIN saga_instance AS saga ON saga.id = known.id
            ORDER BY saga.id FOR UPDATE OF saga
            """
    }

    /// Locks instances whose timers are to be looked at, and reads them.
    ///
    /// Those that are locked are passed over: what is being taken in may be the reply that calls the timer off.
    static func lock(wakingBy now: PostgresTimestamp, countMax: Int) -> SQL {
        """
        SELECT \(sql: columns), state FROM saga_instance AS saga
        WHERE id IN (
            SELECT id FROM saga_instance WHERE wake_at <= \(now) AND ended_at IS NULL
            ORDER BY wake_at LIMIT \(Int64(countMax)))
        ORDER BY id FOR UPDATE SKIP LOCKED
        """
    }

    /// Locks one of them, unless it is locked or to be looked at later by now, and reads it.
    static func lock(_ id: Identifier, wakingBy now: PostgresTimestamp) -> SQL {
        """
        SELECT \(sql: columns), state FROM saga_instance AS saga
        WHERE id = \(PostgresUUID(id)) AND wake_at <= \(now) AND ended_at IS NULL FOR UPDATE SKIP LOCKED
        """
    }

    /// Lets a saga that was to be looked at be looked at later; its timers stay as they are.
    static func putOff(_ id: Identifier, wakingBy now: PostgresTimestamp, until later: PostgresTimestamp) -> SQL {
        """
        UPDATE saga_instance SET wake_at = \(later)
        WHERE id = \(PostgresUUID(id)) AND wake_at <= \(now) AND ended_at IS NULL
        """
    }

    /// Whether any timer may be due.
    static func isAnyWaking(by now: PostgresTimestamp) -> SQL {
        "SELECT EXISTS (SELECT FROM saga_instance WHERE wake_at <= \(now) AND ended_at IS NULL)"
    }

    static func found(_ row: Row) throws(PostgresError) -> Found {
        let (id, version, changedAt, wake) = try row.decode(
            PostgresUUID.self, Int64.self, PostgresTimestamp.self, PostgresTimestamp?.self)
        return Found(
            id: Identifier(id), stamp: InstanceStamp(version: version, changedAt: changedAt.milliseconds),
            wakeAt: wake?.milliseconds)
    }

    /// - Returns: nil for a row that came without its state, as that was said to be known.
    static func stored(_ row: Row) throws(PostgresError) -> Stored? {
        guard let state = try row.decode(String?.self, at: 7) else { return nil }
        let found = try found(row)
        return Stored(
            id: found.id, definition: try row.decode(at: 4), version: found.stamp.version,
            traceparent: try row.decode(at: 5), state: state,
            startedAt: try row.decode(PostgresTimestamp.self, at: 6).milliseconds, wakeAt: found.wakeAt)
    }

    /// Finds the sagas that wait for an event, by what it says of any of its fields.
    static func waiting(for event: String, payload: Record) -> SQL {
        let fields = payload.members.map(\.name)
        let values = payload.members.map { CanonicalJSON.text(of: $0.value) }
        return """
            SELECT DISTINCT saga FROM saga_wait
            WHERE event = \(event) AND (field, value) IN (SELECT * FROM unnest(\(fields), \(values)))
            """
    }
}

extension InstanceStore.Stored {
    /// The instance, out of its stored form.
    ///
    /// - Throws: `CanonicalJSONError` or `FormatError` if that is damaged, or another saga's.
    func fold(by definition: RegisteredDefinition) throws -> SagaFold {
        let value = try CanonicalJSON.value(of: state, limits: .stored)
        let instance = try Instance(stored: value, by: definition.compiled)
        guard instance.id == id else { throw FormatError(place: "id", message: "is not that of the row, \(id)") }
        guard instance.phase != .unstarted else {
            throw FormatError(place: "phase", message: "is of no saga that has begun")
        }
        return SagaFold(
            definition, instance, version: version, traceparent: traceparent, startedAt: startedAt, wakeAt: wakeAt)
    }
}

extension PostgresUUID {
    init(_ id: Identifier) { self.init(high: id.high, low: id.low) }
}

extension Identifier {
    init(_ id: PostgresUUID) { self.init(high: id.high, low: id.low) }
}
