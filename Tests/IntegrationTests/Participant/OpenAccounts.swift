import Messaging
import Participant
import Postgres

struct OpenAccount: MessagePayload {
    static let messageType: MessageType = "bank.OpenAccount"
    var accountId: String
    var limit: Int64
}

struct AccountOpened: MessagePayload {
    static let messageType: MessageType = "bank.AccountOpened"
    var accountId: String
}

struct LimitTooHigh: MessagePayload {
    static let messageType: MessageType = "bank.LimitTooHigh"
    var limitMax: Int64
}

struct CloseAccount: MessagePayload {
    static let messageType: MessageType = "bank.CloseAccount"
    var accountId: String
}

struct AccountClosed: MessagePayload {
    static let messageType: MessageType = "bank.AccountClosed"
}

struct Moved: MessagePayload {
    static let messageType: MessageType = "bank.moved"
    var account: String
    var amount: Int64
}

let openAccountsMigrations = [
    Migration(1, "opened accounts", ["CREATE TABLE opened (id text PRIMARY KEY, credit bigint NOT NULL)"])
]

func openAccountsHandlers() -> Handlers {
    var handlers = Handlers()
    handlers.on(OpenAccount.self, key: \.accountId) { command, transaction in
        // A refusal for a reason of business is a reply; what is thrown is tried again.
        if command.limit > 1_000 { return .refusal(LimitTooHigh(limitMax: 1_000)) }
        try await transaction.execute(
            "INSERT INTO opened (id, credit) VALUES (\(command.accountId), \(command.limit))")
        try transaction.publish(Moved(account: command.accountId, amount: command.limit))
        return .success(AccountOpened(accountId: command.accountId))
    }
    handlers.onUndo(
        CloseAccount.self, of: OpenAccount.self, success: AccountClosed.messageType, key: \.accountId
    ) { command, transaction in
        try await transaction.execute("DELETE FROM opened WHERE id = \(command.accountId)")
        return .success(AccountClosed())
    }
    handlers.onEvent(Moved.self, key: \.account) { event, transaction in
        try await transaction.execute("UPDATE opened SET credit = credit + 1 WHERE id = \(event.account)")
    }
    return handlers
}
