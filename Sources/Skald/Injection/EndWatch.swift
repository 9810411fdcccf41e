import Messaging
import Postgres
import SagaModel

/// Finds out what became of injected messages, by reading the databases they end in.
struct EndWatch: Sendable {
    private let surroundings: Surroundings
    private let sagas: PostgresPool
    private let inboxes: [String: PostgresPool]

    /// At most so many are asked about in one look, as asking about all that run would take more of the database than running
    /// them.
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

    func ends(_ running: [Injection.SagaKey]) async throws -> [End] {
        var ends: [End] = []
        for (definition, group) in Dictionary(grouping: running, by: \.definition) {
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

    /// A message, and the service that handles it.
    typealias Sent = (id: UUIDv7, service: String)

    /// Those of the messages that a service has handled.
    func handled(_ messages: [Sent]) async throws -> [UUIDv7] {
        try await rows(of: messages) { "SELECT id FROM skald.inbox WHERE id = ANY (\($0))" }.map(\.id)
    }

    /// Those of the messages that a service has refused. As nobody is told, it has stored its answer.
    func refusals(_ messages: [Sent]) async throws -> [Refusal] {
        try await rows(of: messages) {
            """
            SELECT command_id, envelope::json ->> 'type', body FROM skald.reply
            WHERE command_id = ANY (\($0)) AND routing_key = ''
            """
        }.map { id, row in
            let (_, type, body) = try row.decode(PostgresUUID.self, String.self, String.self)
            return Refusal(id: id, type: type, body: body)
        }
    }

    /// What a statement says of messages whose ids it is given, service by service; its first column is the id.
    private func rows(
        of messages: [Sent], _ statement: ([PostgresUUID]) -> SQL
    ) async throws -> [(id: UUIDv7, row: Row)] {
        var found: [(UUIDv7, Row)] = []
        for (service, group) in Dictionary(grouping: messages, by: \.service) {
            guard let inbox = inboxes[service] else { continue }
            for row in try await inbox.query(statement(group.map { PostgresUUID(high: $0.id.high, low: $0.id.low) })) {
                let id = try row.decode(PostgresUUID.self, at: 0)
                if let id = UUIDv7(high: id.high, low: id.low) { found.append((id, row)) }
            }
        }
        return found
    }
}

/// A service's answer to a command that it did not do.
struct Refusal: Sendable {
    /// The command's.
    let id: UUIDv7
    let type: String
    let body: String

    /// The answer in words, such as `order.OrderInvalid {"reason":"quantity-not-positive"}`.
    var words: String { body == "{}" ? type : "\(type) \(body)" }
}

/// Which of a long list to ask about at a look: those in front, as they end about in order. Where none of them has ended
/// those behind are asked about, and so on, so that what hangs hides nothing.
struct LookingGlass: Sendable {
    private var start = 0

    func part<Element>(of list: [Element]) -> ArraySlice<Element> {
        let start = start < list.count ? start : 0
        return list[start..<min(list.count, start + EndWatch.countMax)]
    }

    /// - Parameter count: how long the list was.
    mutating func looked(hasFound: Bool, count: Int) {
        start = hasFound || start + EndWatch.countMax >= count ? 0 : start + EndWatch.countMax
    }
}
