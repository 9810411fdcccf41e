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

    /// A new order.
    struct OrderInsert: JoinedWrite {
        var command: OrderMessages.PlaceOrder
        var lines: PostgresJSON
        var order: Order

        init(_ command: OrderMessages.PlaceOrder, _ order: Order) throws(JSONError) {
            self.command = command
            self.order = order
            lines = PostgresJSON(utf8: try JSON.encode(command.lines))
        }

        static func statement(_ writes: [OrderInsert]) -> SQL {
            """
            INSERT INTO orders (id, consumer, restaurant, lines, state)
            SELECT * FROM unnest(
                \(writes.map(\.command.orderId)), \(writes.map(\.command.consumerId)),
                \(writes.map(\.command.restaurantId)), \(writes.map(\.lines)), \(writes.map(\.order.state.rawValue)))
            """
        }
    }

    /// Whether there is an order of this id already. It stays so: commands of one order run one after the other.
    static let isPlaced = Reading<OrderMessages.PlaceOrder, Bool> { wanted in
        """
        SELECT number FROM unnest(\(wanted.map(\.number)), \(wanted.map(\.command.orderId))) AS wanted (number, id)
        JOIN orders USING (id)
        """
    } found: { rows throws(PostgresError) in
        !rows.isEmpty
    }

    /// Reads the order to approve and locks it; nil if there is none.
    static let approved = Reading<OrderMessages.ApproveOrder, Stored?> { wanted in
        """
        SELECT number, state, remembered, consumer, total
        FROM unnest(\(wanted.map(\.number)), \(wanted.map(\.command.orderId))) AS wanted (number, id)
        JOIN orders USING (id) ORDER BY id FOR UPDATE OF orders
        """
    } found: { rows throws(PostgresError) in
        try rows.first.map(stored)
    }

    /// An order's new state.
    struct Approval: JoinedWrite {
        var id: String
        var order: Order
        var total: Int64

        static func statement(_ writes: [Approval]) -> SQL {
            """
            UPDATE orders SET state = next.state, remembered = next.remembered, total = next.total, changed_at = now()
            FROM unnest(
                \(writes.map(\.id)), \(writes.map(\.order.state.rawValue)),
                \(writes.map(\.order.remembered?.rawValue)), \(writes.map(\.total)))
                AS next (id, state, remembered, total)
            WHERE orders.id = next.id
            """
        }
    }

    static func find(
        _ id: String, in transaction: some EventTransaction
    ) async throws(PostgresError) -> Stored? {
        try await transaction.query(
            "SELECT 0::bigint, state, remembered, consumer, total FROM orders WHERE id = \(id) FOR UPDATE"
        ).atMostOne().map(stored)
    }

    private static func stored(_ row: Row) throws(PostgresError) -> Stored {
        let (_, state, remembered, consumer, total) = try row.decode(
            Int64.self, String.self, String?.self, String.self, Int64?.self)
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
