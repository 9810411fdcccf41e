import Contracts
import Participant
import Postgres

/// The SQL of menus.
struct MenuStore: Sendable {
    static func publish(
        _ command: KitchenMessages.PublishMenu, in transaction: some EventTransaction
    ) throws(PostgresError) {
        let restaurant = command.restaurantId
        let ids = command.items.map(\.menuItemId)
        try transaction.enqueue(
            """
            INSERT INTO restaurant (id, is_open) VALUES (\(restaurant), \(command.isOpen))
            ON CONFLICT (id) DO UPDATE SET is_open = excluded.is_open, changed_at = now()
            """)
        try transaction.enqueue("DELETE FROM menu_item WHERE restaurant = \(restaurant) AND id <> ALL (\(ids))")
        try transaction.enqueue(
            """
            INSERT INTO menu_item (restaurant, id, name, price)
            SELECT \(restaurant), id, name, price
            FROM unnest(\(ids), \(command.items.map(\.name)), \(command.items.map(\.price))) AS item (id, name, price)
            ON CONFLICT (restaurant, id) DO UPDATE SET name = excluded.name, price = excluded.price
            """)
    }

    /// The menu of a restaurant, as far as these lines need it; a restaurant nobody knows is closed.
    static func menu(
        of restaurant: String, for lines: [OrderMessages.LineItem], in transaction: some EventTransaction
    ) async throws(PostgresError) -> Menu {
        let rows = try await transaction.query([
            "SELECT is_open FROM restaurant WHERE id = \(restaurant)",
            """
            SELECT id, price FROM menu_item
            WHERE restaurant = \(restaurant) AND id = ANY (\(lines.map(\.menuItemId)))
            """,
        ])
        var menu = Menu(isOpen: try rows[0].atMostOne()?.decode(at: 0) ?? false, prices: [:])
        for row in rows[1] {
            let (id, price) = try row.decode(String.self, Int64.self)
            menu.prices[id] = price
        }
        return menu
    }
}
