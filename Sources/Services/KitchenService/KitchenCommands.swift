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
        handlers.on(
            KitchenMessages.CreateTicket.self, key: \.orderId, reading: MenuStore.menuAndTicket
        ) { command, found, transaction in
            try await create(command, found, in: transaction)
        }
        handlers.onUndo(
            KitchenMessages.CancelTicket.self, of: KitchenMessages.CreateTicket.self,
            success: KitchenMessages.TicketCancelled.messageType, key: \.orderId
        ) { command, transaction in
            try await move(command.orderId, .cancel, in: transaction)
            return .success(KitchenMessages.TicketCancelled())
        }
        handlers.on(
            KitchenMessages.ConfirmTicket.self, key: \.orderId, reading: TicketStore.ofConfirmed
        ) { command, found, transaction in
            guard var ticket = found else { throw UnknownTicket(order: command.orderId) }
            try ticket.take(.confirm)
            try transaction.enqueue(TicketStore.TicketUpdate(order: command.orderId, ticket: ticket))
            if let delay = pace?.delay(before: .accept) {
                try transaction.enqueue(
                    TicketStore.TimerSetting(order: command.orderId, move: .accept, delay: delay))
            }
            return .success(KitchenMessages.TicketConfirmed())
        }
    }

    private func create(
        _ command: KitchenMessages.CreateTicket, _ read: (menu: Menu, ticket: Ticket),
        in transaction: HandlerTransaction
    ) async throws -> Reply {
        var (menu, ticket) = read
        // A menu before it in the batch was published after the reading: nobody is refused without another look.
        if !menu.offers(command.lines) {
            (menu, ticket) = try await MenuStore.menuAndTicket.read(for: command, in: transaction)
        }
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
        let id = transaction.envelope.id
        try transaction.enqueue(
            TicketStore.TicketInsert(
                ticket: ticket, id: PostgresUUID(high: id.high, low: id.low), order: command.orderId,
                restaurant: command.restaurantId, lines: PostgresJSON(utf8: try JSON.encode(command.lines)),
                total: total))
        return .success(KitchenMessages.TicketCreated(ticketId: id.description, total: total))
    }

    private func addCancelling(_ handlers: inout Handlers) {
        handlers.on(KitchenMessages.BeginCancelTicket.self, key: \.orderId) { command, transaction in
            guard var stored = try await TicketStore.find(command.orderId, in: transaction),
                stored.ticket.allows(.beginCancel)
            else { return .refusal(KitchenMessages.TicketNotCancellable()) }
            try stored.ticket.take(.beginCancel)
            try transaction.enqueue(TicketStore.TicketUpdate(order: command.orderId, ticket: stored.ticket))
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
        try transaction.enqueue(TicketStore.TicketUpdate(order: order, ticket: stored.ticket))
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
