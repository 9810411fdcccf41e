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
    }

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

    /// Locks instances in the order of their ids and reads them.
    static func lock(_ ids: [Identifier]) -> SQL {
        """
        SELECT id, definition, version, traceparent, state FROM saga_instance
        WHERE id = ANY (\(ids.map { PostgresUUID($0) })) ORDER BY id FOR UPDATE
        """
    }

    static func stored(_ row: Row) throws(PostgresError) -> Stored {
        let (id, definition, version, traceparent, state) = try row.decode(
            PostgresUUID.self, String.self, Int64.self, String?.self, String.self)
        return Stored(
            id: Identifier(id), definition: definition, version: version, traceparent: traceparent, state: state)
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
        return SagaFold(definition, instance, version: version, traceparent: traceparent)
    }
}

extension PostgresUUID {
    init(_ id: Identifier) { self.init(high: id.high, low: id.low) }
}

extension Identifier {
    init(_ id: PostgresUUID) { self.init(high: id.high, low: id.low) }
}
