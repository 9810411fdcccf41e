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
            // Whoever is behind it in the batch looks at the card again.
            try await transaction.turn(at: command.consumerId)
            try AccountStore.open(command, in: transaction)
            return .success(AccountingMessages.AccountOpened())
        }
        addAuthorizing(&handlers)
        addRevising(&handlers)
        return handlers
    }

    private func addAuthorizing(_ handlers: inout Handlers) {
        // By order, as an undo knows nothing else; two orders of one consumer take turns at its card.
        handlers.on(
            AccountingMessages.AuthorizeCard.self, key: \.orderId, reading: AccountStore.cardAndAuthorization
        ) { command, found, transaction in
            try await authorize(command, found, in: transaction)
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
        _ command: AccountingMessages.AuthorizeCard, _ read: (card: Card, authorization: Authorization)?,
        in transaction: HandlerTransaction
    ) async throws -> Reply {
        if command.total <= 0 { return Self.declined(.amountInvalid) }
        var found = read
        if try await !transaction.turn(at: command.consumerId) {
            found = try await AccountStore.cardAndAuthorization.read(for: command, in: transaction)
        }
        if let decline = decline(command.total, by: found?.card) { return Self.declined(decline) }
        var authorization = found?.authorization ?? Authorization()
        _ = try authorization.take(.authorize(command.total))
        let id = transaction.envelope.id
        try transaction.enqueue(
            AccountStore.HoldInsert(
                authorization: authorization, order: command.orderId, consumer: command.consumerId,
                message: PostgresUUID(high: id.high, low: id.low)))
        return .success(AccountingMessages.CardAuthorized(authorizationId: id.description))
    }

    private static func declined(_ decline: Card.Decline) -> Reply {
        .refusal(AccountingMessages.CardDeclined(reason: decline.rawValue))
    }

    /// Why the consumer's card cannot hold a further amount.
    private func decline(
        _ amount: Int64, of consumer: String, in transaction: HandlerTransaction
    ) async throws -> Card.Decline? {
        try await transaction.turn(at: consumer)
        return decline(amount, by: try await AccountStore.card(of: consumer, in: transaction))
    }

    private func decline(_ amount: Int64, by card: Card?) -> Card.Decline? {
        guard let card else { return .noCard }
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
