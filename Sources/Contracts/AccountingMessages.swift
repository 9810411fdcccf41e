package import Messaging

/// What is sent to the accounting service and what it answers, as `accounting.participant.yaml` declares it.
///
/// Amounts are in minor units of the one currency; a card is only ever a token.
package enum AccountingMessages {
}

// MARK: Commands

extension AccountingMessages {
    package struct OpenAccount: MessagePayload {
        package static let messageType: MessageType = "accounting.OpenAccount"
        package var consumerId: String
        package var cardToken: String
        package var limit: Int64
        package var expires: Int64
        package var isEnabled: Bool?

        package init(consumerId: String, cardToken: String, limit: Int64, expires: Int64, isEnabled: Bool? = nil) {
            self.consumerId = consumerId
            self.cardToken = cardToken
            self.limit = limit
            self.expires = expires
            self.isEnabled = isEnabled
        }
    }

    package struct AuthorizeCard: MessagePayload {
        package static let messageType: MessageType = "accounting.AuthorizeCard"
        package var orderId: String
        package var consumerId: String
        package var total: Int64

        package init(orderId: String, consumerId: String, total: Int64) {
            self.orderId = orderId
            self.consumerId = consumerId
            self.total = total
        }
    }

    package struct ReverseAuthorization: MessagePayload {
        package static let messageType: MessageType = "accounting.ReverseAuthorization"
        package var orderId: String

        package init(orderId: String) {
            self.orderId = orderId
        }
    }

    package struct ReviseAuthorization: MessagePayload {
        package static let messageType: MessageType = "accounting.ReviseAuthorization"
        package var orderId: String
        package var total: Int64

        package init(orderId: String, total: Int64) {
            self.orderId = orderId
            self.total = total
        }
    }

    package struct UndoReviseAuthorization: MessagePayload {
        package static let messageType: MessageType = "accounting.UndoReviseAuthorization"
        package var orderId: String

        package init(orderId: String) {
            self.orderId = orderId
        }
    }
}

// MARK: Replies

extension AccountingMessages {
    package struct AccountOpened: MessagePayload {
        package static let messageType: MessageType = "accounting.AccountOpened"
        package init() {}
    }

    package struct CardTokenInvalid: MessagePayload {
        package static let messageType: MessageType = "accounting.CardTokenInvalid"
        package init() {}
    }

    package struct CardAuthorized: MessagePayload {
        package static let messageType: MessageType = "accounting.CardAuthorized"
        package var authorizationId: String

        package init(authorizationId: String) {
            self.authorizationId = authorizationId
        }
    }

    package struct CardDeclined: MessagePayload {
        package static let messageType: MessageType = "accounting.CardDeclined"
        package var reason: String

        package init(reason: String) {
            self.reason = reason
        }
    }

    package struct AuthorizationReversed: MessagePayload {
        package static let messageType: MessageType = "accounting.AuthorizationReversed"
        package init() {}
    }

    package struct AuthorizationRevised: MessagePayload {
        package static let messageType: MessageType = "accounting.AuthorizationRevised"
        package init() {}
    }

    package struct AuthorizationRevisionUndone: MessagePayload {
        package static let messageType: MessageType = "accounting.AuthorizationRevisionUndone"
        package init() {}
    }
}
