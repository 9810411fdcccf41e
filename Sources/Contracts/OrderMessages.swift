package import Messaging

/// What is sent to the order service, what it answers and what it tells, as `order.participant.yaml` declares it.
package enum OrderMessages {
    package struct LineItem: Codable, Sendable, Hashable {
        package var menuItemId: String
        package var quantity: Int64

        package init(menuItemId: String, quantity: Int64) {
            self.menuItemId = menuItemId
            self.quantity = quantity
        }
    }
}

// MARK: From clients

extension OrderMessages {
    package struct PlaceOrder: MessagePayload, Hashable {
        package static let messageType: MessageType = "order.PlaceOrder"
        package var orderId: String
        package var consumerId: String
        package var restaurantId: String
        package var lines: [LineItem]

        package init(orderId: String, consumerId: String, restaurantId: String, lines: [LineItem]) {
            self.orderId = orderId
            self.consumerId = consumerId
            self.restaurantId = restaurantId
            self.lines = lines
        }
    }

    package struct OrderPlaced: MessagePayload {
        package static let messageType: MessageType = "order.OrderPlaced"
        package init() {}
    }

    package struct OrderExists: MessagePayload {
        package static let messageType: MessageType = "order.OrderExists"
        package init() {}
    }

    package struct OrderInvalid: MessagePayload {
        package static let messageType: MessageType = "order.OrderInvalid"
        package var reason: String
        package init(reason: String) { self.reason = reason }
    }

    package struct CancelOrder: MessagePayload {
        package static let messageType: MessageType = "order.CancelOrder"
        package var requestId: String
        package var orderId: String

        package init(requestId: String, orderId: String) {
            self.requestId = requestId
            self.orderId = orderId
        }
    }

    package struct CancelRequested: MessagePayload {
        package static let messageType: MessageType = "order.CancelRequested"
        package init() {}
    }

    package struct ReviseOrder: MessagePayload {
        package static let messageType: MessageType = "order.ReviseOrder"
        package var requestId: String
        package var orderId: String
        package var lines: [LineItem]

        package init(requestId: String, orderId: String, lines: [LineItem]) {
            self.requestId = requestId
            self.orderId = orderId
            self.lines = lines
        }
    }

    package struct RevisionRequested: MessagePayload {
        package static let messageType: MessageType = "order.RevisionRequested"
        package init() {}
    }

    package struct OrderUnknown: MessagePayload {
        package static let messageType: MessageType = "order.OrderUnknown"
        package init() {}
    }
}

// MARK: From sagas

extension OrderMessages {
    package struct ApproveOrder: MessagePayload {
        package static let messageType: MessageType = "order.ApproveOrder"
        package var orderId: String
        package var total: Int64
    }

    package struct RejectOrder: MessagePayload {
        package static let messageType: MessageType = "order.RejectOrder"
        package var orderId: String
        package var reason: String?
    }

    package struct BeginCancelOrder: MessagePayload {
        package static let messageType: MessageType = "order.BeginCancelOrder"
        package var orderId: String
    }

    package struct UndoBeginCancelOrder: MessagePayload {
        package static let messageType: MessageType = "order.UndoBeginCancelOrder"
        package var orderId: String
    }

    package struct ConfirmCancelOrder: MessagePayload {
        package static let messageType: MessageType = "order.ConfirmCancelOrder"
        package var orderId: String
    }

    package struct BeginReviseOrder: MessagePayload {
        package static let messageType: MessageType = "order.BeginReviseOrder"
        package var orderId: String
        package var lines: [LineItem]
    }

    package struct UndoBeginReviseOrder: MessagePayload {
        package static let messageType: MessageType = "order.UndoBeginReviseOrder"
        package var orderId: String
    }

    package struct ConfirmReviseOrder: MessagePayload {
        package static let messageType: MessageType = "order.ConfirmReviseOrder"
        package var orderId: String
        package var lines: [LineItem]
        package var total: Int64
    }
}

// MARK: Replies to sagas

extension OrderMessages {
    package struct OrderApproved: MessagePayload {
        package static let messageType: MessageType = "order.OrderApproved"
        package init() {}
    }

    package struct OrderRejected: MessagePayload {
        package static let messageType: MessageType = "order.OrderRejected"
        package init() {}
    }

    package struct OrderCancelBegun: MessagePayload {
        package static let messageType: MessageType = "order.OrderCancelBegun"
        package init() {}
    }

    package struct OrderNotCancellable: MessagePayload {
        package static let messageType: MessageType = "order.OrderNotCancellable"
        package init() {}
    }

    package struct OrderCancelUndone: MessagePayload {
        package static let messageType: MessageType = "order.OrderCancelUndone"
        package init() {}
    }

    package struct OrderCancelled: MessagePayload {
        package static let messageType: MessageType = "order.OrderCancelled"
        package init() {}
    }

    package struct OrderRevisionBegun: MessagePayload {
        package static let messageType: MessageType = "order.OrderRevisionBegun"
        package init() {}
    }

    package struct OrderNotRevisable: MessagePayload {
        package static let messageType: MessageType = "order.OrderNotRevisable"
        package init() {}
    }

    package struct OrderRevisionUndone: MessagePayload {
        package static let messageType: MessageType = "order.OrderRevisionUndone"
        package init() {}
    }

    package struct OrderRevised: MessagePayload {
        package static let messageType: MessageType = "order.OrderRevised"
        package init() {}
    }
}

// MARK: Events

extension OrderMessages {
    package struct Created: MessagePayload {
        package static let messageType: MessageType = "order.created"
        package var orderId: String
        package var consumerId: String
        package var restaurantId: String
        package var lines: [LineItem]

        package init(orderId: String, consumerId: String, restaurantId: String, lines: [LineItem]) {
            self.orderId = orderId
            self.consumerId = consumerId
            self.restaurantId = restaurantId
            self.lines = lines
        }
    }

    package struct CancelWanted: MessagePayload {
        package static let messageType: MessageType = "order.cancel-requested"
        package var requestId: String
        package var orderId: String

        package init(requestId: String, orderId: String) {
            self.requestId = requestId
            self.orderId = orderId
        }
    }

    package struct RevisionWanted: MessagePayload {
        package static let messageType: MessageType = "order.revision-requested"
        package var requestId: String
        package var orderId: String
        package var lines: [LineItem]

        package init(requestId: String, orderId: String, lines: [LineItem]) {
            self.requestId = requestId
            self.orderId = orderId
            self.lines = lines
        }
    }

    package struct Approved: MessagePayload {
        package static let messageType: MessageType = "order.approved"
        package var orderId: String
        package var consumerId: String
        package var total: Int64

        package init(orderId: String, consumerId: String, total: Int64) {
            self.orderId = orderId
            self.consumerId = consumerId
            self.total = total
        }
    }

    package struct Rejected: MessagePayload {
        package static let messageType: MessageType = "order.rejected"
        package var orderId: String
        package var consumerId: String
        package var reason: String?

        package init(orderId: String, consumerId: String, reason: String?) {
            self.orderId = orderId
            self.consumerId = consumerId
            self.reason = reason
        }
    }

    package struct Cancelled: MessagePayload {
        package static let messageType: MessageType = "order.cancelled"
        package var orderId: String
        package var consumerId: String

        package init(orderId: String, consumerId: String) {
            self.orderId = orderId
            self.consumerId = consumerId
        }
    }

    package struct Revised: MessagePayload {
        package static let messageType: MessageType = "order.revised"
        package var orderId: String
        package var consumerId: String
        package var lines: [LineItem]
        package var total: Int64

        package init(orderId: String, consumerId: String, lines: [LineItem], total: Int64) {
            self.orderId = orderId
            self.consumerId = consumerId
            self.lines = lines
            self.total = total
        }
    }
}
