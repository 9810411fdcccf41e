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

    private static let columns: SQL = "id, definition, version, traceparent, state, started_at, wake_at"

    /// Claims keys for new sagas, and tells whose each key is; it may have been somebody else's all along.
    ///
    /// Keys go in sorted, so that two orchestrators with the same events never wait for each other in a circle.
    static func claim(_ starts: [SagaStart]) -> [SQL] {
        let sorted = starts.sorted { ($0.definition.name, $0.key) < ($1.definition.name, $1.key) }
        let names = sorted.map(\.definition.name)
        let keys = sorted.map(\.key)
        let sagas = sorted.map { PostgresUUID($0.id) }
        return [
            """
            INSERT INTO saga_key (name, key, saga) SELECT * FROM unnest(\(names), \(keys), \(sagas))
            ON CONFLICT DO NOTHING RETURNING saga
            """,
            """
            SELECT name, key, saga FROM saga_key WHERE (name, key) IN (SELECT * FROM unnest(\(names), \(keys)))
            """,
        ]
    }

    /// Reads one, without a lock.
    static func find(_ id: Identifier) -> SQL {
        "SELECT \(sql: columns) FROM saga_instance WHERE id = \(PostgresUUID(id))"
    }

    /// Locks instances in the order of their ids and reads them.
    static func lock(_ ids: [Identifier]) -> SQL {
        """
        SELECT \(sql: columns) FROM saga_instance
        WHERE id = ANY (\(ids.map { PostgresUUID($0) })) ORDER BY id FOR UPDATE
        """
    }

    /// Locks instances whose timers are to be looked at, and reads them.
    ///
    /// Those that are locked are passed over: what is being taken in may be the reply that calls the timer off.
    static func lock(wakingBy now: PostgresTimestamp, countMax: Int) -> SQL {
        """
        SELECT \(sql: columns) FROM saga_instance
        WHERE id IN (
            SELECT id FROM saga_instance WHERE wake_at <= \(now) AND ended_at IS NULL
            ORDER BY wake_at LIMIT \(Int64(countMax)))
        ORDER BY id FOR UPDATE SKIP LOCKED
        """
    }

    /// Whether any timer may be due.
    static func isAnyWaking(by now: PostgresTimestamp) -> SQL {
        "SELECT EXISTS (SELECT FROM saga_instance WHERE wake_at <= \(now) AND ended_at IS NULL)"
    }

    static func stored(_ row: Row) throws(PostgresError) -> Stored {
        let (id, definition, version, traceparent, state, started, wake) = try row.decode(
            PostgresUUID.self, String.self, Int64.self, String?.self, String.self, PostgresTimestamp.self,
            PostgresTimestamp?.self)
        return Stored(
            id: Identifier(id), definition: definition, version: version, traceparent: traceparent, state: state,
            startedAt: started.milliseconds, wakeAt: wake?.milliseconds)
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
    func fold(by definition: RegisteredDefinition) throws -> SagaFold {
        let value = try CanonicalJSON.value(of: state)
        let instance = try Instance(stored: value, by: definition.compiled)
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
