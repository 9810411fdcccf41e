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

    /// Reads a card and locks it, so that two orders never hold the last of its limit both.
    static func card(
        of consumer: String, in transaction: some EventTransaction
    ) async throws(PostgresError) -> Card? {
        let row = try await transaction.query(
            """
            SELECT card_limit, expires_at, is_enabled, held FROM account WHERE consumer = \(consumer)
            FOR NO KEY UPDATE
            """
        ).atMostOne()
        guard let row else { return nil }
        let (limit, expires, isEnabled, held) = try row.decode(
            Int64.self, PostgresTimestamp.self, Bool.self, Int64.self)
        let milliseconds = expires.microsecondsSinceUnixEpoch.map { $0 / 1000 } ?? .max
        return Card(limit: limit, expires: milliseconds, isEnabled: isEnabled, held: held)
    }

    /// An authorisation as its row has it.
    struct Stored: Sendable {
        var authorization: Authorization
        var consumer: String
        var id: String
    }

    static func authorization(
        ofOrder id: String, in transaction: some EventTransaction
    ) async throws(PostgresError) -> Stored? {
        let row = try await transaction.query(
            """
            SELECT state, amount, amount_before, consumer, id::text FROM authorization_hold WHERE order_id = \(id)
            """
        ).atMostOne()
        guard let row else { return nil }
        let (state, amount, before, consumer, hold) = try row.decode(
            String.self, Int64.self, Int64?.self, String.self, String.self)
        guard let known = Authorization.State(rawValue: state) else {
            preconditionFailure("an authorisation is \(state)")
        }
        return Stored(
            authorization: Authorization(state: known, amount: amount, amountBefore: before), consumer: consumer,
            id: hold)
    }

    static func insert(
        _ authorization: Authorization, _ id: PostgresUUID, ofOrder order: String, consumer: String,
        in transaction: some EventTransaction
    ) throws(PostgresError) {
        try transaction.enqueue(
            """
            INSERT INTO authorization_hold (order_id, id, consumer, state, amount)
            VALUES (\(order), \(id), \(consumer), \(authorization.state.rawValue), \(authorization.amount))
            """)
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
