import Messaging
import Postgres
import SagaModel

/// The SQL of awaited events, kept for a while for sagas that begin to wait for them only afterwards.
///
/// Whoever takes an event and whoever begins to wait for it lock what the two have in common before they look for each other.
/// So of two transactions at once the second finds what the first has written.
enum EarlyEventStore {
    /// How long an event is kept for whoever may still begin to wait for it.
    static let keptFor = "10 minutes"

    static func lock(_ waits: [SagaWait]) -> SQL {
        """
        SELECT pg_advisory_xact_lock(key) FROM (
            SELECT DISTINCT hashtextextended(event || ' ' || field || ' ' || value, 0) AS key
            FROM unnest(\(waits.map(\.event)), \(waits.map(\.field)), \(waits.map(\.value)))
                AS wait (event, field, value)
            ORDER BY key) AS keys
        """
    }

    static func enqueue(
        _ waits: [SagaWait], _ id: UUIDv7, _ payload: Record, in transaction: Transaction
    ) throws(PostgresError) {
        try transaction.enqueue(
            """
            INSERT INTO saga_event_early (event, field, value, id, payload)
            SELECT event, field, value, \(PostgresUUID(high: id.high, low: id.low)), \(CanonicalJSON.text(of: .record(payload)))
            FROM unnest(\(waits.map(\.event)), \(waits.map(\.field)), \(waits.map(\.value)))
                AS wait (event, field, value)
            ON CONFLICT DO NOTHING
            """)
    }

    /// The events that came before sagas began to wait for them: the saga, the event's id and type, and its payload.
    static func find(_ waits: [(saga: Identifier, wait: SagaWait)]) -> SQL {
        """
        SELECT wait.saga, early.id, early.event, early.payload
        FROM saga_event_early AS early JOIN unnest(
            \(waits.map { PostgresUUID($0.saga) }), \(waits.map(\.wait.event)), \(waits.map(\.wait.field)),
            \(waits.map(\.wait.value))) AS wait (saga, event, field, value) USING (event, field, value)
        WHERE early.at > now() - \(keptFor)::interval ORDER BY early.id, wait.saga
        """
    }

    /// - Throws: `CanonicalJSONError` or `FormatError` if the row's payload is no record.
    static func input(_ row: Row) throws -> (saga: Identifier, happening: Input.Happening, cause: UUIDv7?) {
        let (saga, id, event, text) = try row.decode(
            PostgresUUID.self, PostgresUUID.self, String.self, String.self)
        guard case .record(let payload) = try CanonicalJSON.value(of: text, limits: .stored) else {
            throw FormatError(place: "payload", message: "of the early event \(event) must be a record")
        }
        return (
            Identifier(saga), .occurred(Event(type: event, payload: payload)), UUIDv7(high: id.high, low: id.low)
        )
    }

    static let deletion: SQL = "DELETE FROM saga_event_early WHERE at < now() - \(keptFor)::interval"
}
