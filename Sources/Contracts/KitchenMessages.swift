package import Messaging

/// What is sent to the kitchen service, what it answers and what it tells, as `kitchen.participant.yaml` declares it.
package enum KitchenMessages {
    package struct MenuItem: Codable, Sendable, Hashable {
        package var menuItemId: String
        package var name: String
        /// In minor units.
        package var price: Int64

        package init(menuItemId: String, name: String, price: Int64) {
            self.menuItemId = menuItemId
            self.name = name
            self.price = price
        }
    }
}

// MARK: Commands

extension KitchenMessages {
    package struct PublishMenu: MessagePayload {
        package static let messageType: MessageType = "kitchen.PublishMenu"
        package var restaurantId: String
        package var isOpen: Bool
        package var items: [MenuItem]

        package init(restaurantId: String, isOpen: Bool, items: [MenuItem]) {
            self.restaurantId = restaurantId
            self.isOpen = isOpen
            self.items = items
        }
    }

    package struct CreateTicket: MessagePayload {
        package static let messageType: MessageType = "kitchen.CreateTicket"
        package var orderId: String
        package var restaurantId: String
        package var lines: [OrderMessages.LineItem]

        package init(orderId: String, restaurantId: String, lines: [OrderMessages.LineItem]) {
            self.orderId = orderId
            self.restaurantId = restaurantId
            self.lines = lines
        }
    }

    package struct CancelTicket: MessagePayload {
        package static let messageType: MessageType = "kitchen.CancelTicket"
        package var orderId: String

        package init(orderId: String) {
            self.orderId = orderId
        }
    }

    package struct ConfirmTicket: MessagePayload {
        package static let messageType: MessageType = "kitchen.ConfirmTicket"
        package var orderId: String

        package init(orderId: String) {
            self.orderId = orderId
        }
    }

    package struct BeginCancelTicket: MessagePayload {
        package static let messageType: MessageType = "kitchen.BeginCancelTicket"
        package var orderId: String

        package init(orderId: String) {
            self.orderId = orderId
        }
    }

    package struct UndoBeginCancelTicket: MessagePayload {
        package static let messageType: MessageType = "kitchen.UndoBeginCancelTicket"
        package var orderId: String

        package init(orderId: String) {
            self.orderId = orderId
        }
    }

    package struct ConfirmCancelTicket: MessagePayload {
        package static let messageType: MessageType = "kitchen.ConfirmCancelTicket"
        package var orderId: String

        package init(orderId: String) {
            self.orderId = orderId
        }
    }

    package struct BeginReviseTicket: MessagePayload {
        package static let messageType: MessageType = "kitchen.BeginReviseTicket"
        package var orderId: String
        package var lines: [OrderMessages.LineItem]

        package init(orderId: String, lines: [OrderMessages.LineItem]) {
            self.orderId = orderId
            self.lines = lines
        }
    }

    package struct UndoBeginReviseTicket: MessagePayload {
        package static let messageType: MessageType = "kitchen.UndoBeginReviseTicket"
        package var orderId: String

        package init(orderId: String) {
            self.orderId = orderId
        }
    }

    package struct ConfirmReviseTicket: MessagePayload {
        package static let messageType: MessageType = "kitchen.ConfirmReviseTicket"
        package var orderId: String

        package init(orderId: String) {
            self.orderId = orderId
        }
    }
}

// MARK: Replies

extension KitchenMessages {
    package struct MenuPublished: MessagePayload {
        package static let messageType: MessageType = "kitchen.MenuPublished"
        package init() {}
    }

    package struct TicketCreated: MessagePayload {
        package static let messageType: MessageType = "kitchen.TicketCreated"
        package var ticketId: String
        package var total: Int64

        package init(ticketId: String, total: Int64) {
            self.ticketId = ticketId
            self.total = total
        }
    }

    package struct MenuInvalid: MessagePayload {
        package static let messageType: MessageType = "kitchen.MenuInvalid"
        package var menuItemId: String

        package init(menuItemId: String) {
            self.menuItemId = menuItemId
        }
    }

    package struct RestaurantClosed: MessagePayload {
        package static let messageType: MessageType = "kitchen.RestaurantClosed"
        package init() {}
    }

    package struct TicketCancelled: MessagePayload {
        package static let messageType: MessageType = "kitchen.TicketCancelled"
        package init() {}
    }

    package struct TicketConfirmed: MessagePayload {
        package static let messageType: MessageType = "kitchen.TicketConfirmed"
        package init() {}
    }

    package struct TicketCancelBegun: MessagePayload {
        package static let messageType: MessageType = "kitchen.TicketCancelBegun"
        package init() {}
    }

    package struct TicketNotCancellable: MessagePayload {
        package static let messageType: MessageType = "kitchen.TicketNotCancellable"
        package init() {}
    }

    package struct TicketCancelUndone: MessagePayload {
        package static let messageType: MessageType = "kitchen.TicketCancelUndone"
        package init() {}
    }

    package struct TicketCancelConfirmed: MessagePayload {
        package static let messageType: MessageType = "kitchen.TicketCancelConfirmed"
        package init() {}
    }

    package struct TicketRevisionBegun: MessagePayload {
        package static let messageType: MessageType = "kitchen.TicketRevisionBegun"
        package var total: Int64

        package init(total: Int64) {
            self.total = total
        }
    }

    package struct TicketNotRevisable: MessagePayload {
        package static let messageType: MessageType = "kitchen.TicketNotRevisable"
        package init() {}
    }

    package struct TicketRevisionUndone: MessagePayload {
        package static let messageType: MessageType = "kitchen.TicketRevisionUndone"
        package init() {}
    }

    package struct TicketRevised: MessagePayload {
        package static let messageType: MessageType = "kitchen.TicketRevised"
        package init() {}
    }
}

// MARK: Events

extension KitchenMessages {
    package struct Accepted: MessagePayload {
        package static let messageType: MessageType = "kitchen.ticket-accepted"
        package var orderId: String
        package var ticketId: String
        package var readyBy: Int64

        package init(orderId: String, ticketId: String, readyBy: Int64) {
            self.orderId = orderId
            self.ticketId = ticketId
            self.readyBy = readyBy
        }
    }

    package struct PreparationStarted: MessagePayload {
        package static let messageType: MessageType = "kitchen.preparation-started"
        package var orderId: String
        package var ticketId: String

        package init(orderId: String, ticketId: String) {
            self.orderId = orderId
            self.ticketId = ticketId
        }
    }

    package struct ReadyForPickup: MessagePayload {
        package static let messageType: MessageType = "kitchen.ready-for-pickup"
        package var orderId: String
        package var ticketId: String

        package init(orderId: String, ticketId: String) {
            self.orderId = orderId
            self.ticketId = ticketId
        }
    }

    package struct PickedUp: MessagePayload {
        package static let messageType: MessageType = "kitchen.picked-up"
        package var orderId: String
        package var ticketId: String

        package init(orderId: String, ticketId: String) {
            self.orderId = orderId
            self.ticketId = ticketId
        }
    }
}
