import AMQP
import Contracts
import LocalServers
import Messaging
import Postgres
import SagaFile
import SagaModel
import Testing

@testable import AccountingService
@testable import ConsumerService
@testable import KitchenService
@testable import Orchestration
@testable import OrderService
@testable import Participant

/// How the statements that the services run for a whole batch are planned, over tables that are empty and over small ones: the
/// plan is kept when they have grown.
@Suite struct StatementPlanTests {
    private static let ids = (1...20).map { "o\($0)" }

    @Test func ofTheOrderService() async throws {
        let place = Self.ids.map { OrderMessages.PlaceOrder(orderId: $0, consumerId: $0, restaurantId: $0, lines: []) }
        let approve = try Self.ids.map {
            try JSON.decode(OrderMessages.ApproveOrder.self, from: Array("{\"orderId\":\"\($0)\",\"total\":1}".utf8))
        }
        try await expectKeys(
            OrderMigrations.all,
            [
                Self.statement(OrderStore.isPlaced, place), Self.statement(OrderStore.approved, approve),
                OrderStore.Approval.statement(Self.ids.map { .init(id: $0, order: Order(), total: 1) }),
            ],
            filling: "INSERT INTO orders SELECT 'o' || n, 'c', 'r', '[]', 'APPROVED' FROM generate_series(1, 200) AS n")
    }

    @Test func ofTheConsumerService() async throws {
        let verify = Self.ids.map { ConsumerMessages.VerifyConsumer(orderId: $0, consumerId: $0, lines: []) }
        try await expectKeys(
            ConsumerMigrations.all, [Self.statement(ConsumerStore.consumerAndSlot, verify)],
            filling: "INSERT INTO consumer SELECT 'o' || n, 'regular', true FROM generate_series(1, 200) AS n")
    }

    @Test func ofTheKitchen() async throws {
        let create = Self.ids.map { KitchenMessages.CreateTicket(orderId: $0, restaurantId: $0, lines: []) }
        let confirm = Self.ids.map { KitchenMessages.ConfirmTicket(orderId: $0) }
        try await expectKeys(
            KitchenMigrations.all,
            [
                Self.statement(MenuStore.menuAndTicket, create), Self.statement(TicketStore.ofConfirmed, confirm),
                TicketStore.TicketUpdate.statement(Self.ids.map { .init(order: $0, ticket: Ticket()) }),
            ],
            filling: """
                INSERT INTO ticket (order_id, id, restaurant, lines, total, state)
                SELECT 'o' || n, gen_random_uuid(), 'r', '[]', 1, 'CREATE_PENDING' FROM generate_series(1, 200) AS n
                """)
    }

    @Test func ofAccounting() async throws {
        let authorize = Self.ids.map { AccountingMessages.AuthorizeCard(orderId: $0, consumerId: $0, total: 1) }
        let holds = Self.ids.map {
            AccountStore.HoldInsert(
                authorization: Authorization(), order: $0, consumer: $0, message: PostgresUUID(high: 1, low: 2))
        }
        try await expectKeys(
            AccountingMigrations.all,
            [Self.statement(AccountStore.cardAndAuthorization, authorize), AccountStore.HoldInsert.statement(holds)],
            filling: """
                INSERT INTO account SELECT 'o' || n, 'tok_12345678', 1, now(), true, 0 FROM generate_series(1, 200) AS n
                """)
    }

    /// Locks are taken in the order of the ids: whoever is looked up one after the other is locked so.
    @Test func ofTheOrchestrator() async throws {
        let shelf = try DefinitionShelf(SagaLibrary(folder: Town.root + "/sagas"))
        let definition = try #require(shelf.definitions(startingOn: "order.created").first)
        let ids = (1...20).map { Identifier.saga(definition: "create-order", key: .string("o\($0)"), milliseconds: 1) }
        let stamp = InstanceStamp(version: 1, changedAt: 1)
        let assumed = InstanceStore.update(
            assumed: ids.map { id in
                let fold = SagaFold(starting: definition, at: 1, traceparent: nil)
                fold.take(Input(.started(StartEvent(saga: id, payload: Self.order)), milliseconds: 1), cause: nil)
                return SagaFold(RememberedInstance(fold, changedAt: 1), wakeAt: nil, isRead: false)
            }, at: 2)
        let known = Dictionary(uniqueKeysWithValues: ids.map { ($0, stamp) })
        try await expectKeys(
            OrchestrationSchema.migrations, [assumed, InstanceStore.lock(ids), InstanceStore.lock(ids, known: known)],
            filling: """
                INSERT INTO saga_instance (
                    id, definition, name, key, version, phase, is_stuck, state, search, started_at, changed_at)
                SELECT gen_random_uuid(), 'd', 'n', 'k', 1, 'running', false, '{}', '{}', now(), now()
                FROM generate_series(1, 200) AS n
                """
        ) { plan in
            guard plan.contains("Update on saga_instance") else { return }
            let scans = plan.split(separator: "\n").filter { $0.contains(" Scan ") }
            #expect(scans.map { $0.contains("Function Scan") } == [true, false, false], "\(plan)")
        }
    }

    private static let order: Record = [
        "orderId": "o1", "consumerId": "ada", "restaurantId": "roma",
        "lines": .list([["menuItemId": "pizza", "quantity": 1]]),
    ]

    private static func statement<Command, Found>(_ reading: Reading<Command, Found>, _ commands: [Command]) -> SQL {
        reading.statement(commands.enumerated().map { .init(number: Int64($0), command: $1) })
    }

    private func expectKeys(
        _ migrations: [Migration], _ statements: [SQL], filling: SQL, also: (String) -> Void = { _ in }
    ) async throws {
        let cluster = try await SharedServers.postgres()
        try await cluster.withDatabase { database in
            let plain = PostgresConfiguration(
                host: cluster.socketFolder, port: Int(cluster.port), database: database, user: cluster.user,
                password: .value(cluster.password), tls: .disabled)
            let configuration = ParticipantConfiguration(
                service: "service", broker: ConnectionConfiguration(), database: plain)
            let pool = PostgresPool(configuration.database)
            defer { pool.close() }
            try await pool.migrate("service", migrations)
            for statement in statements { also(try await expectKeys(statement, pool, "empty tables")) }
            try await pool.query(filling)
            try await pool.query("ANALYZE")
            for statement in statements { also(try await expectKeys(statement, pool, "small tables")) }
        }
    }

    /// - Returns: the plan.
    private func expectKeys(_ statement: SQL, _ pool: PostgresPool, _ ground: String) async throws -> String {
        let rows = try await pool.query("EXPLAIN \(sql: statement)")
        let plan = try rows.map { try $0.decode(String.self, at: 0) }.joined(separator: "\n")
        for whole in ["Seq Scan", "Merge Join", "Hash Join", "Merge Left Join", "Hash Left Join", "Hash Right Join"] {
            #expect(!plan.contains(whole), "\(ground): \(plan)")
        }
        return plan
    }
}
