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

    /// The menu of a restaurant, as far as the lines of an order need it, and the order's ticket. A restaurant nobody knows is
    /// closed.
    static let menuAndTicket = Reading<KitchenMessages.CreateTicket, (menu: Menu, ticket: Ticket)> { wanted in
        // A row for each line; one for an order without any, as what is wrong with it is not known here.
        let lines = wanted.flatMap { wanted in
            (wanted.command.lines.isEmpty ? [""] : wanted.command.lines.map(\.menuItemId)).map { (wanted, $0) }
        }
        return """
            SELECT number, is_open, menu_item.id, price, ticket.state, remembered
            FROM unnest(
                \(lines.map(\.0.number)), \(lines.map(\.0.command.orderId)), \(lines.map(\.0.command.restaurantId)),
                \(lines.map(\.1))) AS wanted (number, order_id, restaurant, item)
            JOIN restaurant ON restaurant.id = wanted.restaurant
            LEFT JOIN menu_item ON menu_item.restaurant = wanted.restaurant AND menu_item.id = item
            LEFT JOIN ticket USING (order_id)
            """
    } found: { rows throws(PostgresError) in
        var menu = Menu(isOpen: false, prices: [:])
        var ticket = Ticket()
        for row in rows {
            let (_, isOpen, id, price) = try row.decode(Int64.self, Bool.self, String?.self, Int64?.self)
            menu.isOpen = isOpen
            if let id { menu.prices[id] = price }
            if let state: String = try row.decode(at: 4) {
                ticket = TicketStore.ticket(state: state, remembered: try row.decode(at: 5))
            }
        }
        return (menu, ticket)
    }

    /// The menu of a restaurant, as far as these lines need it; a restaurant nobody knows is closed.
    static func menu(
        of restaurant: String, for lines: [OrderMessages.LineItem], in transaction: some EventTransaction
    ) async throws(PostgresError) -> Menu {
        let rows = try await transaction.query(
            """
            SELECT is_open, menu_item.id, price
            FROM restaurant LEFT JOIN menu_item
                ON menu_item.restaurant = restaurant.id AND menu_item.id = ANY (\(lines.map(\.menuItemId)))
            WHERE restaurant.id = \(restaurant)
            """)
        var menu = Menu(isOpen: false, prices: [:])
        for row in rows {
            let (isOpen, id, price) = try row.decode(Bool.self, String?.self, Int64?.self)
            menu.isOpen = isOpen
            if let id { menu.prices[id] = price }
        }
        return menu
    }
}
