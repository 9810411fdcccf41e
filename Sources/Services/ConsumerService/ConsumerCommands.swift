import Contracts
import Messaging
import Participant

/// Messages to consumers and their slots.
struct ConsumerCommands: Sendable {
    let rules: ConsumerRules

    var handlers: Handlers {
        var handlers = Handlers()
        handlers.on(ConsumerMessages.RegisterConsumer.self, key: \.consumerId) { command, transaction in
            try ConsumerStore.register(
                command.consumerId, plan: command.plan, isActive: command.isActive ?? true, in: transaction)
            return .success(ConsumerMessages.ConsumerRegistered())
        }
        // By consumer, not by order: what is counted are the orders of one consumer.
        handlers.on(
            ConsumerMessages.VerifyConsumer.self, key: \.consumerId, reading: ConsumerStore.consumerAndSlot
        ) { command, found, transaction in
            try await verify(command, found, in: transaction)
        }
        handlers.on(ConsumerMessages.VerifyLines.self, key: \.orderId) { command, _ in
            refusal(of: command.lines) ?? .success(ConsumerMessages.LinesVerified())
        }
        handlers.onUndo(
            ConsumerMessages.ReleaseSlot.self, of: ConsumerMessages.VerifyConsumer.self,
            success: ConsumerMessages.SlotReleased.messageType, key: \.consumerId
        ) { command, transaction in
            var slot = try await ConsumerStore.slot(ofOrder: command.orderId, in: transaction)
            try slot.take(.release)
            try ConsumerStore.update(slot, ofOrder: command.orderId, in: transaction)
            return .success(ConsumerMessages.SlotReleased())
        }
        return handlers
    }

    private func verify(
        _ command: ConsumerMessages.VerifyConsumer, _ found: (consumer: ConsumerStore.Consumer, slot: Slot)?,
        in transaction: HandlerTransaction
    ) async throws -> Reply {
        guard let (consumer, held) = found, consumer.isActive else {
            return .refusal(ConsumerMessages.ConsumerUnknown())
        }
        if let refusal = refusal(of: command.lines) { return refusal }
        if consumer.plan == .regular {
            let taken = try await ConsumerStore.takenToday(by: command.consumerId, in: transaction)
            if taken >= rules.dailyCountMax {
                return .refusal(ConsumerMessages.DailyLimitReached(limit: rules.dailyCountMax))
            }
        }
        var slot = held
        try slot.take(.verify)
        try transaction.enqueue(
            ConsumerStore.SlotInsert(order: command.orderId, consumer: command.consumerId, slot: slot))
        return .success(ConsumerMessages.ConsumerVerified())
    }

    /// Why nobody may order so much, in a new order or in a changed one; nil if anybody may.
    private func refusal(of lines: [OrderMessages.LineItem]) -> Reply? {
        rules.itemOfTooMany(in: lines).map {
            .refusal(ConsumerMessages.TooManyOfOneItem(menuItemId: $0, limit: rules.itemCountMax))
        }
    }
}
