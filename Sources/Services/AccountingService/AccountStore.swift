import Contracts
import Participant
import Postgres

/// The SQL of accounts, authorisations and the ledger.
struct AccountStore: Sendable {
    /// The account that holds stand on, against those of the consumers.
    static let holding = "holding"

    static func open(
        _ command: AccountingMessages.OpenAccount, in transaction: some EventTransaction
    ) throws(PostgresError) {
        let expires = PostgresTimestamp(microsecondsSinceUnixEpoch: command.expires &* 1000) ?? .infinity
        try transaction.enqueue(
            """
            INSERT INTO account (consumer, card_token, card_limit, expires_at, is_enabled)
            VALUES (\(command.consumerId), \(command.cardToken), \(command.limit), \(expires),
                \(command.isEnabled ?? true))
            ON CONFLICT (consumer) DO UPDATE SET card_token = excluded.card_token, card_limit = excluded.card_limit,
                expires_at = excluded.expires_at, is_enabled = excluded.is_enabled
            """)
    }

    /// Reads a card and locks it, so that no other process holds the last of its limit too.
    static func card(
        of consumer: String, in transaction: some EventTransaction
    ) async throws(PostgresError) -> Card? {
        let row = try await transaction.query(
            """
            SELECT 0::bigint, card_limit, expires_at, is_enabled, held FROM account WHERE consumer = \(consumer)
            FOR NO KEY UPDATE
            """
        ).atMostOne()
        return try row.map(Self.card)
    }

    /// Reads a card and locks it, together with what an order holds already; nil where the consumer has none.
    static let cardAndAuthorization = Reading<
        AccountingMessages.AuthorizeCard, (card: Card, authorization: Authorization)?
    > { wanted in
        """
        SELECT number, card_limit, expires_at, is_enabled, held, state, amount, amount_before
        FROM unnest(\(wanted.map(\.number)), \(wanted.map(\.command.consumerId)), \(wanted.map(\.command.orderId)))
            AS wanted (number, consumer, order_id)
        JOIN account USING (consumer) LEFT JOIN authorization_hold USING (order_id)
        ORDER BY account.consumer FOR NO KEY UPDATE OF account
        """
    } found: { rows throws(PostgresError) in
        guard let row = rows.first else { return nil }
        guard let state: String = try row.decode(at: 5) else { return (try card(row), Authorization()) }
        let authorization = try authorization(state: state, amount: row.decode(at: 6), before: row.decode(at: 7))
        return (try card(row), authorization)
    }

    private static func card(_ row: Row) throws(PostgresError) -> Card {
        let (_, limit, expires, isEnabled, held) = try row.decode(
            Int64.self, Int64.self, PostgresTimestamp.self, Bool.self, Int64.self)
        let milliseconds = expires.microsecondsSinceUnixEpoch.map { $0 / 1000 } ?? .max
        return Card(limit: limit, expires: milliseconds, isEnabled: isEnabled, held: held)
    }

    private static func authorization(state: String, amount: Int64, before: Int64?) -> Authorization {
        guard let known = Authorization.State(rawValue: state) else {
            preconditionFailure("an authorisation is \(state)")
        }
        return Authorization(state: known, amount: amount, amountBefore: before)
    }

    /// An authorisation as its row has it.
    struct Stored: Sendable {
        var authorization: Authorization
        var consumer: String
    }

    static func authorization(
        ofOrder id: String, in transaction: some EventTransaction
    ) async throws(PostgresError) -> Stored? {
        let row = try await transaction.query(
            "SELECT state, amount, amount_before, consumer FROM authorization_hold WHERE order_id = \(id)"
        ).atMostOne()
        guard let row else { return nil }
        let (state, amount, before, consumer) = try row.decode(
            String.self, Int64.self, Int64?.self, String.self)
        return Stored(
            authorization: authorization(state: state, amount: amount, before: before), consumer: consumer)
    }

    /// A new authorisation, and the booking of what it holds as in ``book(_:ofOrder:consumer:message:in:)``.
    struct HoldInsert: JoinedWrite {
        var authorization: Authorization
        var order: String
        var consumer: String
        /// The command that asks for it. It names the authorisation: no answer of the database need be waited for.
        var message: PostgresUUID

        static func statement(_ writes: [HoldInsert]) -> SQL {
            """
            WITH new AS MATERIALIZED (
                SELECT * FROM unnest(
                    \(writes.map(\.order)), \(writes.map(\.message)), \(writes.map(\.consumer)),
                    \(writes.map(\.authorization.state.rawValue)), \(writes.map(\.authorization.amount)))
                    AS new (order_id, message, consumer, state, amount)
            ), hold AS (
                INSERT INTO authorization_hold (order_id, id, consumer, state, amount)
                SELECT order_id, message, consumer, state, amount FROM new
            ), entry AS (
                INSERT INTO ledger (order_id, message, debit, credit, amount)
                SELECT order_id, message, 'consumer:' || consumer, \(holding), amount FROM new
            )
            UPDATE account SET held = held + booked.amount
            FROM (SELECT consumer, sum(amount)::bigint AS amount FROM new GROUP BY consumer) AS booked
            WHERE account.consumer = booked.consumer
            """
        }
    }

    static func update(
        _ authorization: Authorization, ofOrder id: String, in transaction: some EventTransaction
    ) throws(PostgresError) {
        try transaction.enqueue(
            """
            UPDATE authorization_hold SET state = \(authorization.state.rawValue), amount = \(authorization.amount),
                amount_before = \(authorization.amountBefore), changed_at = now()
            WHERE order_id = \(id)
            """)
    }

    /// Books a change of what is held: from the consumer to the holding account, or back.
    static func book(
        _ change: Int64, ofOrder id: String, consumer: String, message: PostgresUUID,
        in transaction: some EventTransaction
    ) throws(PostgresError) {
        if change == 0 { return }
        let account = "consumer:" + consumer
        let (debit, credit) = change > 0 ? (account, holding) : (holding, account)
        try transaction.enqueue(
            """
            INSERT INTO ledger (order_id, message, debit, credit, amount)
            VALUES (\(id), \(message), \(debit), \(credit), \(abs(change)))
            """)
        try transaction.enqueue("UPDATE account SET held = held + \(change) WHERE consumer = \(consumer)")
    }
}
