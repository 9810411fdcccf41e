import Contracts
import Messaging
import Participant
import Postgres

/// Messages to menus and tickets.
struct KitchenCommands: Sendable {
    /// The pace of the simulated kitchen; nil while nobody cooks.
    let pace: KitchenPace?

    var handlers: Handlers {
        var handlers = Handlers()
        handlers.on(KitchenMessages.PublishMenu.self, key: \.restaurantId) { command, transaction in
            try MenuStore.publish(command, in: transaction)
            return .success(KitchenMessages.MenuPublished())
        }
        addCreation(&handlers)
        addCancelling(&handlers)
        addRevising(&handlers)
        return handlers
    }

    private func addCreation(_ handlers: inout Handlers) {
        handlers.on(KitchenMessages.CreateTicket.self, key: \.orderId) { command, transaction in
            try await create(command, in: transaction)
        }
        handlers.onUndo(
            KitchenMessages.CancelTicket.self, of: KitchenMessages.CreateTicket.self,
            success: KitchenMessages.TicketCancelled.messageType, key: \.orderId
        ) { command, transaction in
            try await move(command.orderId, .cancel, in: transaction)
            return .success(KitchenMessages.TicketCancelled())
        }
        handlers.on(KitchenMessages.ConfirmTicket.self, key: \.orderId) { command, transaction in
            try await move(command.orderId, .confirm, in: transaction)
            if let pace {
                try TicketStore.setTimer(
                    .accept, ofOrder: command.orderId, after: pace.delay(before: .accept), in: transaction)
            }
            return .success(KitchenMessages.TicketConfirmed())
        }
    }

    private func create(
        _ command: KitchenMessages.CreateTicket, in transaction: HandlerTransaction
    ) async throws -> Reply {
        // Asked together, so that they share a round trip; both are waited for, as giving one up would end the transaction.
        async let wanted = MenuStore.menu(of: command.restaurantId, for: command.lines, in: transaction)
        async let found = TicketStore.find(command.orderId, in: transaction)
        let menu = try await wanted
        var ticket = try await found?.ticket ?? Ticket()
        let total: Int64
        do throws(Menu.Refusal) {
            total = try menu.total(of: command.lines)
        } catch {
            switch error {
            case .closed: return .refusal(KitchenMessages.RestaurantClosed())
            case .itemInvalid(let item): return .refusal(KitchenMessages.MenuInvalid(menuItemId: item))
            }
        }
        try ticket.take(.create)
        // Named after the command that makes it: no answer of the database need be waited for.
        let id = transaction.envelope.id
        try TicketStore.insert(
            ticket, PostgresUUID(high: id.high, low: id.low), command, total: total, in: transaction)
        return .success(KitchenMessages.TicketCreated(ticketId: id.description, total: total))
    }

    private func addCancelling(_ handlers: inout Handlers) {
        handlers.on(KitchenMessages.BeginCancelTicket.self, key: \.orderId) { command, transaction in
            guard var stored = try await TicketStore.find(command.orderId, in: transaction),
                stored.ticket.allows(.beginCancel)
            else { return .refusal(KitchenMessages.TicketNotCancellable()) }
            try stored.ticket.take(.beginCancel)
            try TicketStore.update(stored.ticket, ofOrder: command.orderId, in: transaction)
            return .success(KitchenMessages.TicketCancelBegun())
        }
        handlers.onUndo(
            KitchenMessages.UndoBeginCancelTicket.self, of: KitchenMessages.BeginCancelTicket.self,
            success: KitchenMessages.TicketCancelUndone.messageType, key: \.orderId
        ) { command, transaction in
            try await move(command.orderId, .undoBeginCancel, in: transaction)
            return .success(KitchenMessages.TicketCancelUndone())
        }
        handlers.on(KitchenMessages.ConfirmCancelTicket.self, key: \.orderId) { command, transaction in
            try await move(command.orderId, .confirmCancel, in: transaction)
            try TicketStore.removeTimer(ofOrder: command.orderId, in: transaction)
            return .success(KitchenMessages.TicketCancelConfirmed())
        }
    }

    private func addRevising(_ handlers: inout Handlers) {
        handlers.on(KitchenMessages.BeginReviseTicket.self, key: \.orderId) { command, transaction in
            try await beginRevision(command, in: transaction)
        }
        handlers.onUndo(
            KitchenMessages.UndoBeginReviseTicket.self, of: KitchenMessages.BeginReviseTicket.self,
            success: KitchenMessages.TicketRevisionUndone.messageType, key: \.orderId
        ) { command, transaction in
            try await move(command.orderId, .undoBeginRevise, in: transaction)
            return .success(KitchenMessages.TicketRevisionUndone())
        }
        handlers.on(KitchenMessages.ConfirmReviseTicket.self, key: \.orderId) { command, transaction in
            guard var stored = try await TicketStore.find(command.orderId, in: transaction) else {
                throw UnknownTicket(order: command.orderId)
            }
            try stored.ticket.take(.confirmRevise)
            try TicketStore.confirmRevision(stored.ticket, ofOrder: command.orderId, in: transaction)
            return .success(KitchenMessages.TicketRevised())
        }
    }

    private func beginRevision(
        _ command: KitchenMessages.BeginReviseTicket, in transaction: HandlerTransaction
    ) async throws -> Reply {
        guard var stored = try await TicketStore.find(command.orderId, in: transaction),
            stored.ticket.allows(.beginRevise)
        else { return .refusal(KitchenMessages.TicketNotRevisable()) }
        let menu = try await MenuStore.menu(of: stored.restaurant, for: command.lines, in: transaction)
        let total: Int64
        do throws(Menu.Refusal) {
            total = try menu.total(of: command.lines)
        } catch {
            switch error {
            // The kitchen is closing: what it has taken on it will cook as it is.
            case .closed: return .refusal(KitchenMessages.TicketNotRevisable())
            case .itemInvalid(let item): return .refusal(KitchenMessages.MenuInvalid(menuItemId: item))
            }
        }
        try stored.ticket.take(.beginRevise)
        try TicketStore.beginRevision(stored.ticket, command, total: total, in: transaction)
        return .success(KitchenMessages.TicketRevisionBegun(total: total))
    }

    /// Moves a ticket by a command that it may not refuse; a refusal is a fault that is tried again and then looked into.
    private func move(
        _ order: String, _ command: Ticket.Command, in transaction: HandlerTransaction
    ) async throws {
        guard var stored = try await TicketStore.find(order, in: transaction) else {
            throw UnknownTicket(order: order)
        }
        try stored.ticket.take(command)
        try TicketStore.update(stored.ticket, ofOrder: order, in: transaction)
    }
}

extension Ticket {
    /// Whether the state allows a command.
    func allows(_ command: Command) -> Bool {
        var copy = self
        do throws(NotAllowed) {
            try copy.take(command)
            return true
        } catch {
            return false
        }
    }
}

/// A saga speaks of a ticket that is not there.
struct UnknownTicket: Error, CustomStringConvertible {
    let order: String

    var description: String { "there is no ticket for the order \(order)" }
}
