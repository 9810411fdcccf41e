import Contracts
import Messaging
import Participant
import Postgres

/// Messages to accounts, and what they do to the books.
struct AccountingCommands: Sendable {
    /// The wall clock, in milliseconds since 1970.
    let now: @Sendable () -> Int64

    var handlers: Handlers {
        var handlers = Handlers()
        handlers.on(AccountingMessages.OpenAccount.self, key: \.consumerId) { command, transaction in
            guard CardToken.isToken(command.cardToken), command.limit >= 0 else {
                return .refusal(AccountingMessages.CardTokenInvalid())
            }
            try AccountStore.open(command, in: transaction)
            return .success(AccountingMessages.AccountOpened())
        }
        addAuthorizing(&handlers)
        addRevising(&handlers)
        return handlers
    }

    private func addAuthorizing(_ handlers: inout Handlers) {
        // By order, as an undo knows nothing else; the card's own row keeps two orders of one consumer apart.
        handlers.on(AccountingMessages.AuthorizeCard.self, key: \.orderId) { command, transaction in
            try await authorize(command, in: transaction)
        }
        handlers.onUndo(
            AccountingMessages.ReverseAuthorization.self, of: AccountingMessages.AuthorizeCard.self,
            success: AccountingMessages.AuthorizationReversed.messageType, key: \.orderId
        ) { command, transaction in
            try await change(command.orderId, .reverse, in: transaction)
            return .success(AccountingMessages.AuthorizationReversed())
        }
    }

    private func addRevising(_ handlers: inout Handlers) {
        handlers.on(AccountingMessages.ReviseAuthorization.self, key: \.orderId) { command, transaction in
            let stored = try await find(command.orderId, in: transaction)
            let further = command.total - stored.authorization.amount
            if let decline = try await decline(further, of: stored.consumer, in: transaction) {
                return .refusal(AccountingMessages.CardDeclined(reason: decline.rawValue))
            }
            try await change(command.orderId, .revise(command.total), in: transaction)
            return .success(AccountingMessages.AuthorizationRevised())
        }
        handlers.onUndo(
            AccountingMessages.UndoReviseAuthorization.self, of: AccountingMessages.ReviseAuthorization.self,
            success: AccountingMessages.AuthorizationRevisionUndone.messageType, key: \.orderId
        ) { command, transaction in
            try await change(command.orderId, .undoRevise, in: transaction)
            return .success(AccountingMessages.AuthorizationRevisionUndone())
        }
    }

    private func authorize(
        _ command: AccountingMessages.AuthorizeCard, in transaction: HandlerTransaction
    ) async throws -> Reply {
        if command.total <= 0 { return Self.declined(.amountInvalid) }
        // Asked together, so that they share a round trip; both are waited for, as giving one up would end the transaction.
        async let refusal = decline(command.total, of: command.consumerId, in: transaction)
        async let stored = AccountStore.authorization(ofOrder: command.orderId, in: transaction)
        let decline = try await refusal
        var authorization = try await stored?.authorization ?? Authorization()
        if let decline { return Self.declined(decline) }
        let change = try authorization.take(.authorize(command.total))
        // Named after the command that makes it: no answer of the database need be waited for.
        let id = transaction.envelope.id
        try AccountStore.insert(
            authorization, PostgresUUID(high: id.high, low: id.low), ofOrder: command.orderId,
            consumer: command.consumerId, in: transaction)
        try book(change, command.orderId, command.consumerId, in: transaction)
        return .success(AccountingMessages.CardAuthorized(authorizationId: id.description))
    }

    private static func declined(_ decline: Card.Decline) -> Reply {
        .refusal(AccountingMessages.CardDeclined(reason: decline.rawValue))
    }

    /// Why the consumer's card cannot hold a further amount.
    private func decline(
        _ amount: Int64, of consumer: String, in transaction: HandlerTransaction
    ) async throws -> Card.Decline? {
        guard let card = try await AccountStore.card(of: consumer, in: transaction) else { return .noCard }
        return card.declines(amount, now: now())
    }

    private func find(_ order: String, in transaction: HandlerTransaction) async throws -> AccountStore.Stored {
        guard let stored = try await AccountStore.authorization(ofOrder: order, in: transaction) else {
            throw NoAuthorization(order: order)
        }
        return stored
    }

    private func change(
        _ order: String, _ command: Authorization.Command, in transaction: HandlerTransaction
    ) async throws {
        var stored = try await find(order, in: transaction)
        let change = try stored.authorization.take(command)
        try AccountStore.update(stored.authorization, ofOrder: order, in: transaction)
        try book(change, order, stored.consumer, in: transaction)
    }

    private func book(
        _ change: Int64, _ order: String, _ consumer: String, in transaction: HandlerTransaction
    ) throws {
        let id = transaction.envelope.id
        try AccountStore.book(
            change, ofOrder: order, consumer: consumer, message: PostgresUUID(high: id.high, low: id.low),
            in: transaction)
    }
}

/// A saga speaks of an authorisation that is not there.
struct NoAuthorization: Error, CustomStringConvertible {
    let order: String

    var description: String { "nothing is held for the order \(order)" }
}
