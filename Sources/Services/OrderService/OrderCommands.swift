import Contracts
import Messaging
import Participant

/// Messages to orders, and what orders have to say about them.
struct OrderCommands: Sendable {
    let rules: OrderRules

    var handlers: Handlers {
        var handlers = Handlers()
        addClientCommands(&handlers)
        addCreation(&handlers)
        addCancelling(&handlers)
        addRevising(&handlers)
        return handlers
    }

    // MARK: From clients

    private func addClientCommands(_ handlers: inout Handlers) {
        handlers.on(
            OrderMessages.PlaceOrder.self, key: \.orderId, reading: OrderStore.isPlaced
        ) { command, isPlaced, transaction in
            try place(command, isPlaced: isPlaced, in: transaction)
        }
        handlers.on(OrderMessages.CancelOrder.self, key: \.orderId) { command, transaction in
            guard try await OrderStore.exists(command.orderId, in: transaction) else {
                return .refusal(OrderMessages.OrderUnknown())
            }
            try transaction.publish(
                OrderMessages.CancelWanted(requestId: command.requestId, orderId: command.orderId))
            return .success(OrderMessages.CancelRequested())
        }
        handlers.on(OrderMessages.ReviseOrder.self, key: \.orderId) { command, transaction in
            if let problem = rules.problem(in: command.lines) {
                return .refusal(OrderMessages.OrderInvalid(reason: problem))
            }
            guard try await OrderStore.exists(command.orderId, in: transaction) else {
                return .refusal(OrderMessages.OrderUnknown())
            }
            try transaction.publish(
                OrderMessages.RevisionWanted(
                    requestId: command.requestId, orderId: command.orderId, lines: command.lines))
            return .success(OrderMessages.RevisionRequested())
        }
    }

    private func place(
        _ command: OrderMessages.PlaceOrder, isPlaced: Bool, in transaction: HandlerTransaction
    ) throws -> Reply {
        if let problem = rules.problem(in: command.lines) {
            return .refusal(OrderMessages.OrderInvalid(reason: problem))
        }
        if isPlaced { return .refusal(OrderMessages.OrderExists()) }
        var order = Order()
        try order.take(.place)
        try transaction.enqueue(try OrderStore.OrderInsert(command, order))
        try transaction.publish(
            OrderMessages.Created(
                orderId: command.orderId, consumerId: command.consumerId, restaurantId: command.restaurantId,
                lines: command.lines))
        return .success(OrderMessages.OrderPlaced())
    }

    // MARK: From sagas

    private func addCreation(_ handlers: inout Handlers) {
        handlers.on(
            OrderMessages.ApproveOrder.self, key: \.orderId, reading: OrderStore.approved
        ) { command, found, transaction in
            guard var stored = found else { throw UnknownOrder(id: command.orderId) }
            try stored.order.take(.approve)
            try transaction.enqueue(
                OrderStore.Approval(id: command.orderId, order: stored.order, total: command.total))
            try transaction.publish(
                OrderMessages.Approved(orderId: command.orderId, consumerId: stored.consumerId, total: command.total))
            return .success(OrderMessages.OrderApproved())
        }
        handlers.on(OrderMessages.RejectOrder.self, key: \.orderId) { command, transaction in
            let stored = try await move(command.orderId, .reject, .init(reason: command.reason), in: transaction)
            try transaction.publish(
                OrderMessages.Rejected(
                    orderId: command.orderId, consumerId: stored.consumerId, reason: command.reason))
            return .success(OrderMessages.OrderRejected())
        }
    }

    private func addCancelling(_ handlers: inout Handlers) {
        handlers.on(OrderMessages.BeginCancelOrder.self, key: \.orderId) { command, transaction in
            try await begin(command.orderId, .beginCancel, in: transaction)
                ? .success(OrderMessages.OrderCancelBegun()) : .refusal(OrderMessages.OrderNotCancellable())
        }
        handlers.onUndo(
            OrderMessages.UndoBeginCancelOrder.self, of: OrderMessages.BeginCancelOrder.self,
            success: OrderMessages.OrderCancelUndone.messageType, key: \.orderId
        ) { command, transaction in
            _ = try await move(command.orderId, .undoBeginCancel, in: transaction)
            return .success(OrderMessages.OrderCancelUndone())
        }
        handlers.on(OrderMessages.ConfirmCancelOrder.self, key: \.orderId) { command, transaction in
            let stored = try await move(command.orderId, .confirmCancel, in: transaction)
            try transaction.publish(
                OrderMessages.Cancelled(orderId: command.orderId, consumerId: stored.consumerId))
            return .success(OrderMessages.OrderCancelled())
        }
    }

    private func addRevising(_ handlers: inout Handlers) {
        handlers.on(OrderMessages.BeginReviseOrder.self, key: \.orderId) { command, transaction in
            try await begin(command.orderId, .beginRevise, in: transaction)
                ? .success(OrderMessages.OrderRevisionBegun()) : .refusal(OrderMessages.OrderNotRevisable())
        }
        handlers.onUndo(
            OrderMessages.UndoBeginReviseOrder.self, of: OrderMessages.BeginReviseOrder.self,
            success: OrderMessages.OrderRevisionUndone.messageType, key: \.orderId
        ) { command, transaction in
            _ = try await move(command.orderId, .undoBeginRevise, in: transaction)
            return .success(OrderMessages.OrderRevisionUndone())
        }
        handlers.on(OrderMessages.ConfirmReviseOrder.self, key: \.orderId) { command, transaction in
            let change = OrderStore.Change(total: command.total, lines: command.lines)
            let stored = try await move(command.orderId, .confirmRevise, change, in: transaction)
            try transaction.publish(
                OrderMessages.Revised(
                    orderId: command.orderId, consumerId: stored.consumerId, lines: command.lines,
                    total: command.total))
            return .success(OrderMessages.OrderRevised())
        }
    }

    /// Moves an order by a command that it may not refuse; a refusal is a fault that is tried again and then looked into.
    private func move(
        _ id: String, _ command: Order.Command, _ change: OrderStore.Change = .init(),
        in transaction: HandlerTransaction
    ) async throws -> OrderStore.Stored {
        guard var stored = try await OrderStore.find(id, in: transaction) else { throw UnknownOrder(id: id) }
        try stored.order.take(command)
        try OrderStore.update(id, to: stored.order, change, in: transaction)
        return stored
    }

    /// Moves an order by a command that it may refuse.
    ///
    /// - Returns: whether it was moved.
    private func begin(
        _ id: String, _ command: Order.Command, in transaction: HandlerTransaction
    ) async throws -> Bool {
        guard var stored = try await OrderStore.find(id, in: transaction) else { return false }
        do throws(Order.NotAllowed) {
            try stored.order.take(command)
        } catch {
            return false
        }
        try OrderStore.update(id, to: stored.order, in: transaction)
        return true
    }
}

/// A saga speaks of an order that is not there.
struct UnknownOrder: Error, CustomStringConvertible {
    let id: String

    var description: String { "there is no order \(id)" }
}
