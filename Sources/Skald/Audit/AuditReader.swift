import AMQP
import Messaging
import Orchestration
import Postgres
import SagaModel

/// Reads what the audit looks at, with the role that may read everywhere and write nowhere.
struct AuditReader: Sendable {
    let pools: [String: PostgresPool]
    private let broker: ConnectionConfiguration
    private let queues: [String]
    private let services: [ServiceDeclaration]
    private let control: BrokerControl?
    private let virtualHost: String

    init(_ surroundings: Surroundings, _ system: DeclaredSystem) throws {
        var pools: [String: PostgresPool] = [:]
        for service in system.services {
            pools[service.name] = PostgresPool(try surroundings.database(of: service.name))
        }
        self.pools = pools
        services = system.services
        broker = try surroundings.broker()
        queues = system.topology().queues.map(\.name)
        control = surroundings.control
        virtualHost = broker.virtualHost
    }

    func close() { for pool in pools.values { pool.close() } }

    func pool(_ service: String) throws(Failure) -> PostgresPool {
        guard let pool = pools[service] else {
            throw Failure(.failed, "no service `\(service)` is declared, and the audit asks its database")
        }
        return pool
    }

    /// - Parameter isThorough: whether to ask also what only the broker's own tool knows, which takes a second.
    func facts(isThorough: Bool) async throws -> AuditFacts {
        var facts = AuditFacts()
        try await readOrders(&facts)
        try await readAccounting(&facts)
        try await readSagas(&facts)
        for service in services { try await readMessages(service, &facts) }
        try await readQueues(&facts, isThorough: isThorough)
        return facts
    }

    private func readOrders(_ facts: inout AuditFacts) async throws {
        for row in try await pool("order").query("SELECT id, state, total FROM orders") {
            let (id, state, total) = try row.decode(String.self, String.self, Int64?.self)
            facts.orders[id] = AuditFacts.Order(state: state, total: total)
        }
        for row in try await pool("consumer").query("SELECT order_id, state FROM slot") {
            let (id, state) = try row.decode(String.self, String.self)
            facts.slots[id] = state
        }
        for row in try await pool("kitchen").query("SELECT order_id, state FROM ticket") {
            let (id, state) = try row.decode(String.self, String.self)
            facts.tickets[id] = state
        }
    }

    private func readAccounting(_ facts: inout AuditFacts) async throws {
        let accounting = try pool("accounting")
        for row in try await accounting.query("SELECT order_id, consumer, state, amount FROM authorization_hold") {
            let (id, consumer, state, amount) = try row.decode(String.self, String.self, String.self, Int64.self)
            facts.holds[id] = AuditFacts.Hold(consumer: consumer, state: state, amount: amount)
        }
        for row in try await accounting.query("SELECT order_id, debit, credit, amount FROM ledger") {
            let (order, debit, credit, amount) = try row.decode(String.self, String.self, String.self, Int64.self)
            facts.ledger.append(AuditFacts.Booking(order: order, debit: debit, credit: credit, amount: amount))
        }
        for row in try await accounting.query("SELECT consumer, held FROM account") {
            let (consumer, held) = try row.decode(String.self, Int64.self)
            facts.heldByConsumer[consumer] = held
        }
    }

    private func readSagas(_ facts: inout AuditFacts) async throws {
        let orchestrator = try pool(TopologyNames.orchestrator)
        let rows = try await orchestrator.query(
            "SELECT id, name, key, ended_at IS NOT NULL, is_stuck, outcome, search ->> 'orderId' FROM saga_instance")
        for row in rows {
            let (id, name, key, isOver, isStuck, outcome, order) = try row.decode(
                PostgresUUID.self, String.self, String.self, Bool.self, Bool.self, String?.self, String?.self)
            let plain = Self.plain(key)
            facts.sagas.append(
                AuditFacts.Saga(
                    id: Identifier(high: id.high, low: id.low), name: name, key: plain, isOver: isOver,
                    isStuck: isStuck,
                    outcome: outcome, order: order ?? plain))
        }
        for row in try await orchestrator.query(Self.creationsWithoutRow) {
            let (key, id, forgottenBefore) = try row.decode(String.self, PostgresUUID.self, Int64?.self)
            if let time = UUIDv7(high: id.high, low: id.low)?.milliseconds, let forgottenBefore, time < forgottenBefore
            {
                facts.forgottenCreations.insert(Self.plain(key))
            }
        }
    }

    /// Keys that stayed when retention removed their sagas, and before when a saga must have begun to be forgotten by now: the
    /// time inside its id is that of the event it began with.
    private static let creationsWithoutRow: SQL = """
        SELECT key, saga, (
            SELECT (extract(epoch FROM now() - min(retention)) * 1000)::bigint FROM saga_definition
            WHERE name = \(AuditRules.createOrder))
        FROM saga_key
        WHERE name = \(AuditRules.createOrder) AND NOT EXISTS (SELECT FROM saga_instance WHERE id = saga)
        """

    /// A key without the quotes of its canonical text.
    private static func plain(_ key: String) -> String {
        if case .string(let text)? = try? CanonicalJSON.value(of: key) { return text }
        return key
    }

    private func readQueues(_ facts: inout AuditFacts, isThorough: Bool) async throws {
        for (name, status) in try await QueueCounts.read(queues, broker) {
            facts.queues[name] = AuditFacts.Queue(readyCount: status.messageCount, unackedCount: nil)
        }
        guard isThorough, let control else { return }
        let words = [
            "--quiet", "list_queues", "--vhost", virtualHost, "name", "messages_unacknowledged", "--no-table-headers",
        ]
        let lines = String(decoding: try await control.run(words, []), as: UTF8.self).split(separator: "\n")
        for line in lines {
            let columns = line.split(separator: "\t")
            if columns.count == 2, let count = Int(columns[1]) {
                facts.queues[String(columns[0])]?.unackedCount = count
            }
        }
    }
}
