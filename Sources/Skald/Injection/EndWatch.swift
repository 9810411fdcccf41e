import Messaging
import Postgres
import SagaModel

/// Finds out what became of injected messages, by reading the databases they end in.
struct EndWatch: Sendable {
    private let surroundings: Surroundings
    private let sagas: PostgresPool
    private let inboxes: [String: PostgresPool]

    /// At most so many are asked about in one look; the oldest come first, as they end about in order. Asking about all that
    /// run would take more of the database than running them.
    static let countMax = 250

    /// - Parameter services: those whose inboxes may be asked.
    init(_ surroundings: Surroundings, services: [String]) throws {
        self.surroundings = surroundings
        sagas = PostgresPool(try surroundings.database(of: TopologyNames.orchestrator))
        var inboxes: [String: PostgresPool] = [:]
        for service in services { inboxes[service] = PostgresPool(try surroundings.database(of: service)) }
        self.inboxes = inboxes
    }

    func close() {
        sagas.close()
        for pool in inboxes.values { pool.close() }
    }

    /// A saga that is over: its outcome, and when it ended in milliseconds since 1970.
    typealias End = (saga: Injection.SagaKey, outcome: String, at: Int64)

    func ends(_ running: [Injection.SagaKey: Int64]) async throws -> [End] {
        let oldest = running.sorted { $0.value < $1.value }.prefix(Self.countMax)
        var ends: [End] = []
        for (definition, group) in Dictionary(grouping: oldest.map(\.key), by: \.definition) {
            let keys = Dictionary(uniqueKeysWithValues: group.map { (CanonicalJSON.text(of: .string($0.key)), $0) })
            let rows = try await sagas.query(
                """
                SELECT key, coalesce(outcome, phase), ended_at FROM saga_instance
                WHERE key = ANY (\(Array(keys.keys))) AND name = \(definition) AND ended_at IS NOT NULL
                """)
            for row in rows {
                let (key, outcome, at) = try row.decode(String.self, String.self, PostgresTimestamp.self)
                guard let saga = keys[key] else { continue }
                ends.append((saga, outcome, (at.microsecondsSinceUnixEpoch ?? 0) / 1000))
            }
        }
        return ends
    }

    /// Those of the messages that a service has handled.
    func handled(_ unhandled: [UUIDv7: String]) async throws -> [UUIDv7] {
        var handled: [UUIDv7] = []
        for (service, group) in Dictionary(grouping: unhandled.sorted { $0.key < $1.key }, by: \.value) {
            guard let inbox = inboxes[service] else { continue }
            let ids = group.prefix(Self.countMax).map { PostgresUUID(high: $0.key.high, low: $0.key.low) }
            let rows = try await inbox.query("SELECT id FROM skald.inbox WHERE id = ANY (\(ids))")
            for row in rows {
                let id = try row.decode(PostgresUUID.self, at: 0)
                if let id = UUIDv7(high: id.high, low: id.low) { handled.append(id) }
            }
        }
        return handled
    }
}
