import Glibc
package import Messaging
package import Participant
package import Postgres

/// A participant whose ledger is the oracle: one row for each time a handler's effect was committed.
package enum Bank {
    package struct Deposit: MessagePayload {
        package static let messageType: MessageType = "bank.Deposit"
        package var account: String
        package var amount: Int64
        /// What else the handler does: nothing, throw, run on for ever, spoil the transaction silently, kill its process.
        package var trick: Trick?

        package init(account: String, amount: Int64, trick: Trick? = nil) {
            self.account = account
            self.amount = amount
            self.trick = trick
        }
    }

    package enum Trick: String, Codable, Sendable {
        case throwing, endless, spoiling, killing
    }

    package struct Deposited: MessagePayload {
        package static let messageType: MessageType = "bank.Deposited"
        package var balance: Int64
    }

    package struct Overdrawn: MessagePayload {
        package static let messageType: MessageType = "bank.Overdrawn"
    }

    /// Has an undo.
    package struct Reserve: MessagePayload {
        package static let messageType: MessageType = "bank.Reserve"
        package var account: String
        package var amount: Int64
        /// Whether the money is taken and the answer says that nobody knows.
        package var isUnclear: Bool?

        package init(account: String, amount: Int64, isUnclear: Bool? = nil) {
            self.account = account
            self.amount = amount
            self.isUnclear = isUnclear
        }
    }

    package struct ReserveUnclear: MessagePayload {
        package static let messageType: MessageType = "bank.ReserveUnclear"
    }

    package struct Reserved: MessagePayload {
        package static let messageType: MessageType = "bank.Reserved"
    }

    package struct Release: MessagePayload {
        package static let messageType: MessageType = "bank.Release"
        package var account: String
        package var amount: Int64

        package init(account: String, amount: Int64) {
            self.account = account
            self.amount = amount
        }
    }

    package struct Released: MessagePayload {
        package static let messageType: MessageType = "bank.Released"
        package var note: String?
    }

    package struct Moved: MessagePayload {
        package static let messageType: MessageType = "bank.moved"
        package var account: String
        package var amount: Int64

        package init(account: String, amount: Int64) {
            self.account = account
            self.amount = amount
        }
    }

    package struct Failure: Error, CustomStringConvertible {
        package var description: String { "the vault is jammed" }
    }

    package static let migrations = [
        Migration(
            1, "accounts and ledger",
            [
                """
                CREATE TABLE account (
                    id text PRIMARY KEY, balance bigint NOT NULL CHECK (balance >= 0 OR id LIKE 'heard-%'))
                """,
                """
                CREATE TABLE ledger (
                    number bigint GENERATED ALWAYS AS IDENTITY, message uuid NOT NULL, account text NOT NULL,
                    amount bigint NOT NULL)
                """,
                """
                DO $$ BEGIN
                    IF EXISTS (SELECT FROM pg_roles WHERE rolname = current_database()) THEN
                        EXECUTE format('GRANT SELECT, INSERT, UPDATE ON account, ledger TO %I', current_database());
                    END IF;
                END $$
                """,
            ])
    ]

    package static var handlers: Handlers {
        var handlers = Handlers()
        handlers.on(Deposit.self, key: \.account) { command, transaction in
            try await perform(command, in: transaction)
        }
        handlers.on(Reserve.self, key: \.account) { command, transaction in
            let balance = try await move(command.account, -command.amount, in: transaction)
            if balance == nil { return .refusal(Overdrawn()) }
            return command.isUnclear ?? false ? .unclear(ReserveUnclear()) : .success(Reserved())
        }
        handlers.onUndo(Release.self, of: Reserve.self, success: Released.messageType, key: \.account) {
            command, transaction in
            _ = try await move(command.account, command.amount, in: transaction)
            return .success(Released(note: "given back"))
        }
        handlers.onEvent(Moved.self, key: \.account) { event, transaction in
            // Events come in any order: what was taken out may be heard of before what was paid in.
            _ = try await move("heard-" + event.account, event.amount, mayOverdraw: true, in: transaction)
        }
        return handlers
    }

    private static func perform(_ command: Deposit, in transaction: HandlerTransaction) async throws -> Reply {
        guard let balance = try await move(command.account, command.amount, in: transaction) else {
            return .refusal(Overdrawn())
        }
        switch command.trick {
        case .throwing: throw Failure()
        case .endless: try await transaction.query("SELECT pg_sleep(600)", timeout: .seconds(600))
        case .spoiling: _ = await transaction.results(of: ["SELECT 1 / 0"])
        case .killing: kill(getpid(), SIGKILL)
        case nil: break
        }
        try transaction.publish(Moved(account: command.account, amount: command.amount))
        return .success(Deposited(balance: balance))
    }

    /// Moves an amount and notes it.
    ///
    /// - Returns: the new balance, nil if there is not enough.
    private static func move(
        _ account: String, _ amount: Int64, mayOverdraw: Bool = false, in transaction: HandlerTransaction
    ) async throws -> Int64? {
        try await transaction.execute("INSERT INTO account (id, balance) VALUES (\(account), 0) ON CONFLICT DO NOTHING")
        let row = try await transaction.query(
            """
            UPDATE account SET balance = balance + \(amount)
            WHERE id = \(account) AND (balance + \(amount) >= 0 OR \(mayOverdraw)) RETURNING balance
            """
        ).atMostOne()
        guard let row else { return nil }
        let id = transaction.envelope.id
        try transaction.enqueue(
            """
            INSERT INTO ledger (message, account, amount)
            VALUES (\(PostgresUUID(high: id.high, low: id.low)), \(account), \(amount))
            """)
        return try row.decode(at: 0)
    }
}
