import Contracts
import Messaging
import Participant
import Postgres

/// The SQL of tickets and their timers.
struct TicketStore: Sendable {
    /// A ticket as its row has it.
    struct Stored: Sendable {
        var ticket: Ticket
        var id: String
        var restaurant: String
    }

    static func insert(
        _ ticket: Ticket, _ id: PostgresUUID, _ command: KitchenMessages.CreateTicket, total: Int64,
        in transaction: some EventTransaction
    ) throws {
        let lines = PostgresJSON(utf8: try JSON.encode(command.lines))
        try transaction.enqueue(
            """
            INSERT INTO ticket (order_id, id, restaurant, lines, total, state)
            VALUES (\(command.orderId), \(id), \(command.restaurantId), \(lines), \(total), \(ticket.state.rawValue))
            """)
    }

    static func find(
        _ order: String, in transaction: some EventTransaction
    ) async throws(PostgresError) -> Stored? {
        let row = try await transaction.query(
            "SELECT state, remembered, id::text, restaurant FROM ticket WHERE order_id = \(order) FOR UPDATE"
        ).atMostOne()
        guard let row else { return nil }
        let (state, remembered, id, restaurant) = try row.decode(String.self, String?.self, String.self, String.self)
        guard let known = Ticket.State(rawValue: state) else { preconditionFailure("a ticket is \(state)") }
        return Stored(
            ticket: Ticket(state: known, remembered: remembered.flatMap(Ticket.State.init)), id: id,
            restaurant: restaurant)
    }

    static func update(
        _ ticket: Ticket, ofOrder order: String, in transaction: some EventTransaction
    ) throws(PostgresError) {
        try transaction.enqueue(
            """
            UPDATE ticket SET state = \(ticket.state.rawValue), remembered = \(ticket.remembered?.rawValue),
                revised_lines = NULL, revised_total = NULL, changed_at = now()
            WHERE order_id = \(order)
            """)
    }

    /// Sets a ticket aside with the lines it may get.
    static func beginRevision(
        _ ticket: Ticket, _ command: KitchenMessages.BeginReviseTicket, total: Int64,
        in transaction: some EventTransaction
    ) throws {
        let lines = PostgresJSON(utf8: try JSON.encode(command.lines))
        try transaction.enqueue(
            """
            UPDATE ticket SET state = \(ticket.state.rawValue), remembered = \(ticket.remembered?.rawValue),
                revised_lines = \(lines), revised_total = \(total), changed_at = now()
            WHERE order_id = \(command.orderId)
            """)
    }

    /// Gives a ticket the lines it was set aside for.
    static func confirmRevision(
        _ ticket: Ticket, ofOrder order: String, in transaction: some EventTransaction
    ) throws(PostgresError) {
        try transaction.enqueue(
            """
            UPDATE ticket SET state = \(ticket.state.rawValue), remembered = NULL, lines = revised_lines,
                total = revised_total, revised_lines = NULL, revised_total = NULL, changed_at = now()
            WHERE order_id = \(order)
            """)
    }

    // MARK: Timers

    /// Sets the ticket's timer, in place of one already set.
    static func setTimer(
        _ move: Ticket.Move, ofOrder order: String, after delay: Duration, in transaction: some EventTransaction
    ) throws(PostgresError) {
        try transaction.enqueue(
            """
            INSERT INTO ticket_timer (order_id, move, due)
            VALUES (\(order), \(move.rawValue), now() + make_interval(secs => \(delay / .seconds(1))))
            ON CONFLICT (order_id) DO UPDATE SET move = excluded.move, due = excluded.due
            """)
    }

    static func removeTimer(
        ofOrder order: String, in transaction: some EventTransaction
    ) throws(PostgresError) {
        try transaction.enqueue("DELETE FROM ticket_timer WHERE order_id = \(order)")
    }

    /// Takes timers that are due, with the tickets of nobody else's transaction.
    static func takeDueTimers(
        countMax: Int, in transaction: some EventTransaction
    ) async throws(PostgresError) -> [(order: String, move: Ticket.Move)] {
        // The ticket before its timer, as the commands lock them.
        let rows = try await transaction.query(
            """
            SELECT order_id, move FROM ticket JOIN ticket_timer USING (order_id)
            WHERE due <= now() ORDER BY due LIMIT \(Int64(countMax)) FOR UPDATE OF ticket SKIP LOCKED
            """)
        var timers: [(order: String, move: Ticket.Move)] = []
        for row in rows {
            let (order, move) = try row.decode(String.self, String.self)
            if let move = Ticket.Move(rawValue: move) { timers.append((order, move)) }
        }
        return timers
    }
}
