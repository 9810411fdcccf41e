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

    /// A new ticket.
    struct TicketInsert: JoinedWrite {
        var ticket: Ticket
        /// That of the command that makes it: no answer of the database need be waited for.
        var id: PostgresUUID
        var order: String
        var restaurant: String
        var lines: PostgresJSON
        var total: Int64

        static func statement(_ writes: [TicketInsert]) -> SQL {
            """
            INSERT INTO ticket (order_id, id, restaurant, lines, total, state)
            SELECT * FROM unnest(
                \(writes.map(\.order)), \(writes.map(\.id)), \(writes.map(\.restaurant)), \(writes.map(\.lines)),
                \(writes.map(\.total)), \(writes.map(\.ticket.state.rawValue)))
            """
        }
    }

    /// Reads the ticket of an order and locks it; nil if there is none.
    static let ofConfirmed = Reading<KitchenMessages.ConfirmTicket, Ticket?> { wanted in
        """
        SELECT number, state, remembered
        FROM unnest(\(wanted.map(\.number)), \(wanted.map(\.command.orderId))) AS wanted (number, order_id)
        JOIN ticket USING (order_id) ORDER BY order_id FOR UPDATE OF ticket
        """
    } found: { rows throws(PostgresError) in
        guard let row = rows.first else { return nil }
        let (_, state, remembered) = try row.decode(Int64.self, String.self, String?.self)
        return ticket(state: state, remembered: remembered)
    }

    static func ticket(state: String, remembered: String?) -> Ticket {
        guard let known = Ticket.State(rawValue: state) else { preconditionFailure("a ticket is \(state)") }
        return Ticket(state: known, remembered: remembered.flatMap(Ticket.State.init))
    }

    static func find(
        _ order: String, in transaction: some EventTransaction
    ) async throws(PostgresError) -> Stored? {
        let row = try await transaction.query(
            "SELECT state, remembered, id::text, restaurant FROM ticket WHERE order_id = \(order) FOR UPDATE"
        ).atMostOne()
        guard let row else { return nil }
        let (state, remembered, id, restaurant) = try row.decode(String.self, String?.self, String.self, String.self)
        return Stored(ticket: ticket(state: state, remembered: remembered), id: id, restaurant: restaurant)
    }

    /// A ticket's new state, which no revision waits behind.
    struct TicketUpdate: JoinedWrite {
        var order: String
        var ticket: Ticket

        static func statement(_ writes: [TicketUpdate]) -> SQL {
            """
            UPDATE ticket SET state = next.state, remembered = next.remembered, revised_lines = NULL,
                revised_total = NULL, changed_at = now()
            FROM unnest(
                \(writes.map(\.order)), \(writes.map(\.ticket.state.rawValue)),
                \(writes.map(\.ticket.remembered?.rawValue))) AS next (order_id, state, remembered)
            WHERE ticket.order_id = next.order_id
            """
        }
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

    /// A ticket's timer, in place of one already set.
    struct TimerSetting: JoinedWrite {
        var order: String
        var move: Ticket.Move
        var delay: Duration

        static func statement(_ writes: [TimerSetting]) -> SQL {
            """
            INSERT INTO ticket_timer (order_id, move, due)
            SELECT order_id, move, now() + make_interval(secs => delay)
            FROM unnest(
                \(writes.map(\.order)), \(writes.map(\.move.rawValue)), \(writes.map { $0.delay / .seconds(1) }))
                AS new (order_id, move, delay)
            ON CONFLICT (order_id) DO UPDATE SET move = excluded.move, due = excluded.due
            """
        }
    }

    static func removeTimer(
        ofOrder order: String, in transaction: some EventTransaction
    ) throws(PostgresError) {
        try transaction.enqueue("DELETE FROM ticket_timer WHERE order_id = \(order)")
    }

    /// A move whose time has come, with the ticket it is about.
    struct DueMove: Sendable {
        var order: String
        var move: Ticket.Move
        var ticket: Ticket
        var id: String
    }

    /// Takes moves that are due, and locks their tickets; those that somebody else works on are passed over.
    static func takeDueMoves(
        countMax: Int, in transaction: some EventTransaction
    ) async throws(PostgresError) -> [DueMove] {
        // The ticket before its timer, as the commands lock them.
        let rows = try await transaction.query(
            """
            SELECT order_id, move, state, remembered, id::text FROM ticket JOIN ticket_timer USING (order_id)
            WHERE due <= now() ORDER BY due LIMIT \(Int64(countMax)) FOR UPDATE OF ticket SKIP LOCKED
            """)
        var moves: [DueMove] = []
        for row in rows {
            let (order, move, state, remembered, id) = try row.decode(
                String.self, String.self, String.self, String?.self, String.self)
            guard let move = Ticket.Move(rawValue: move), let state = Ticket.State(rawValue: state) else {
                preconditionFailure("a ticket is \(state), to \(move)")
            }
            let ticket = Ticket(state: state, remembered: remembered.flatMap(Ticket.State.init))
            moves.append(DueMove(order: order, move: move, ticket: ticket, id: id))
        }
        return moves
    }

    /// Writes the states of tickets that nobody has set aside.
    static func update(
        _ tickets: [(order: String, ticket: Ticket)], in transaction: some EventTransaction
    ) throws(PostgresError) {
        if tickets.isEmpty { return }
        try transaction.enqueue(
            """
            UPDATE ticket SET state = next.state, changed_at = now()
            FROM unnest(\(tickets.map(\.order)), \(tickets.map(\.ticket.state.rawValue))) AS next (order_id, state)
            WHERE ticket.order_id = next.order_id
            """)
    }

    /// Sets timers that are there already.
    static func resetTimers(
        _ timers: [(order: String, move: Ticket.Move, delay: Duration)], in transaction: some EventTransaction
    ) throws(PostgresError) {
        if timers.isEmpty { return }
        try transaction.enqueue(
            """
            UPDATE ticket_timer SET move = next.move, due = now() + make_interval(secs => next.delay)
            FROM unnest(\(timers.map(\.order)), \(timers.map(\.move.rawValue)),
                \(timers.map { $0.delay / .seconds(1) })) AS next (order_id, move, delay)
            WHERE ticket_timer.order_id = next.order_id
            """)
    }

    static func removeTimers(
        ofOrders orders: [String], in transaction: some EventTransaction
    ) throws(PostgresError) {
        if orders.isEmpty { return }
        try transaction.enqueue("DELETE FROM ticket_timer WHERE order_id = ANY (\(orders))")
    }
}
