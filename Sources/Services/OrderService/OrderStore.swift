import Contracts
import Messaging
import Participant
import Postgres

/// The SQL of orders.
struct OrderStore: Sendable {
    /// An order as its row has it.
    struct Stored: Sendable {
        var order: Order
        var consumerId: String
        var total: Int64?
    }

    /// Puts a new order in.
    ///
    /// - Returns: false if the id is taken.
    static func insert(
        _ command: OrderMessages.PlaceOrder, _ order: Order, in transaction: some EventTransaction
    ) async throws -> Bool {
        let lines = PostgresJSON(utf8: try JSON.encode(command.lines))
        return try await transaction.execute(
            """
            INSERT INTO orders (id, consumer, restaurant, lines, state)
            VALUES (\(command.orderId), \(command.consumerId), \(command.restaurantId), \(lines),
                \(order.state.rawValue))
            ON CONFLICT DO NOTHING
            """) == 1
    }

    static func find(
        _ id: String, in transaction: some EventTransaction
    ) async throws(PostgresError) -> Stored? {
        let row = try await transaction.query(
            "SELECT state, remembered, consumer, total FROM orders WHERE id = \(id) FOR UPDATE"
        ).atMostOne()
        guard let row else { return nil }
        let (state, remembered, consumer, total) = try row.decode(String.self, String?.self, String.self, Int64?.self)
        guard let known = Order.State(rawValue: state) else { preconditionFailure("an order is \(state)") }
        return Stored(
            order: Order(state: known, remembered: remembered.flatMap(Order.State.init)), consumerId: consumer,
            total: total)
    }

    static func exists(_ id: String, in transaction: some EventTransaction) async throws(PostgresError) -> Bool {
        try await transaction.query("SELECT EXISTS (SELECT FROM orders WHERE id = \(id))").only().decode(at: 0)
    }

    /// What besides the state changes with it; nil stays as it is.
    struct Change: Sendable {
        var total: Int64?
        var reason: String?
        var lines: [OrderMessages.LineItem]?
    }

    static func update(
        _ id: String, to order: Order, _ change: Change = Change(), in transaction: some EventTransaction
    ) throws {
        let lines = try change.lines.map { PostgresJSON(utf8: try JSON.encode($0)) }
        try transaction.enqueue(
            """
            UPDATE orders SET state = \(order.state.rawValue), remembered = \(order.remembered?.rawValue),
                total = coalesce(\(change.total), total), reason = coalesce(\(change.reason), reason),
                lines = coalesce(\(lines), lines), changed_at = now()
            WHERE id = \(id)
            """)
    }
}
