import Contracts
import Orchestration
import Postgres
import SagaModel
import Testing

/// What tests say about orders, and what they ask.
extension Town {
    static let pizza = OrderMessages.LineItem(menuItemId: "pizza", quantity: 2)

    /// A consumer who may order and pay, and a restaurant that cooks.
    func settle(
        _ consumer: String = "ada", plan: ConsumerMessages.Plan = .subscriber, limit: Int64 = 100_000,
        expires: Int64 = 4_102_444_800_000, isEnabled: Bool = true, restaurant: String = "roma"
    ) async throws {
        try await client.send(ConsumerMessages.RegisterConsumer(consumerId: consumer, plan: plan))
        try await client.send(
            AccountingMessages.OpenAccount(
                consumerId: consumer, cardToken: "tok_visa-" + consumer + "-0001", limit: limit, expires: expires,
                isEnabled: isEnabled))
        try await client.send(
            KitchenMessages.PublishMenu(
                restaurantId: restaurant, isOpen: true,
                items: [
                    .init(menuItemId: "pizza", name: "Pizza Margherita", price: 950),
                    .init(menuItemId: "pasta", name: "Pasta al forno", price: 1120),
                ]))
        try await waitUntil("\(consumer) is known") {
            try await has("consumer", "SELECT FROM consumer WHERE id = \(consumer)")
        }
        try await waitUntil("\(consumer) has a card") {
            try await has("accounting", "SELECT FROM account WHERE consumer = \(consumer)")
        }
        try await waitUntil("\(restaurant) has a menu") {
            try await has("kitchen", "SELECT FROM menu_item WHERE restaurant = \(restaurant) AND id = 'pasta'")
        }
    }

    func place(
        _ order: String, by consumer: String = "ada", at restaurant: String = "roma",
        _ lines: [OrderMessages.LineItem] = [Town.pizza]
    ) async throws {
        try await client.send(
            OrderMessages.PlaceOrder(orderId: order, consumerId: consumer, restaurantId: restaurant, lines: lines))
    }

    // MARK: Asking

    func has(_ service: String, _ sql: SQL) async throws -> Bool {
        try await !database(service).query(sql).isEmpty
    }

    func text(_ service: String, _ sql: SQL) async throws -> String? {
        try await database(service).query(sql).atMostOne()?.decode(String?.self, at: 0)
    }

    func number(_ service: String, _ sql: SQL) async throws -> Int64 {
        try await database(service).query(sql).only().decode(at: 0)
    }

    func order(_ id: String) async throws -> String? {
        try await text("order", "SELECT state FROM orders WHERE id = \(id)")
    }

    func ticket(_ order: String) async throws -> String? {
        try await text("kitchen", "SELECT state FROM ticket WHERE order_id = \(order)")
    }

    func authorization(_ order: String) async throws -> String? {
        try await text("accounting", "SELECT state FROM authorization_hold WHERE order_id = \(order)")
    }

    func slot(_ order: String) async throws -> String? {
        try await text("consumer", "SELECT state FROM slot WHERE order_id = \(order)")
    }

    func until(_ order: String, is state: String, within limit: Duration = .seconds(60)) async throws {
        try await waitUntil("order \(order) is \(state)", within: limit) {
            try await self.order(order) == state
        }
    }

    // MARK: Sagas

    func sagas() throws -> SagaStore { SagaStore(try database("orchestrator")) }

    /// The saga of a definition and a key, once it is over.
    func ended(_ definition: String, _ key: String, within limit: Duration = .seconds(60)) async throws -> SagaSummary {
        var filter = SagaFilter()
        filter.name = definition
        filter.key = key
        var found: SagaSummary?
        try await waitUntil("\(definition) of \(key) is over", within: limit) {
            found = try await sagas().list(filter).sagas.first
            return found?.endedAt != nil
        }
        return try #require(found)
    }

    /// What must hold once nothing runs any more: the outboxes are empty, and every history says today what it said then.
    func expectQuiet(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let store = try sagas()
        // An order is approved before its saga has heard of it.
        try await waitUntil("no saga is under way") {
            let counts = try await store.counts()
            return counts[.running] == nil && counts[.compensating] == nil
        }
        for service in Self.services {
            try await waitUntil("\(service)'s outbox is empty") {
                try await number(service, "SELECT count(*) FROM skald.outbox") == 0
            }
        }
        let counts = try await store.counts()
        #expect(counts[.running] == nil && counts[.compensating] == nil && counts[.stuck] == nil, "\(counts)")
        #expect(
            try await number("orchestrator", "SELECT count(*) FROM saga_instance WHERE wake_at IS NOT NULL") == 0,
            sourceLocation: sourceLocation)
        try await store.forEachHistory { id, history in
            let (definition, instance) = try #require(try await store.instance(id))
            #expect(history.replay(with: definition.compiled) == nil, "\(id)", sourceLocation: sourceLocation)
            #expect(history.instance(with: definition.compiled) == instance, "\(id)", sourceLocation: sourceLocation)
            try Recording.keep(history, of: definition)
        }
        let balance = try await number(
            "accounting",
            """
            SELECT (SELECT coalesce(sum(CASE WHEN credit = 'holding' THEN amount ELSE -amount END), 0) FROM ledger)::bigint
                - (SELECT coalesce(sum(amount), 0) FROM authorization_hold)::bigint
            """)
        #expect(balance == 0, "the books say what is held", sourceLocation: sourceLocation)
    }
}
