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
        handlers.on(ConsumerMessages.VerifyConsumer.self, key: \.consumerId) { command, transaction in
            try await verify(command, in: transaction)
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
        _ command: ConsumerMessages.VerifyConsumer, in transaction: HandlerTransaction
    ) async throws -> Reply {
        // Asked together, so that they share a round trip; both are waited for, as giving one up would end the transaction.
        async let found = ConsumerStore.find(command.consumerId, in: transaction)
        async let held = ConsumerStore.slot(ofOrder: command.orderId, in: transaction)
        let consumer = try await found
        var slot = try await held
        guard let consumer, consumer.isActive else { return .refusal(ConsumerMessages.ConsumerUnknown()) }
        if let refusal = refusal(of: command.lines) { return refusal }
        if consumer.plan == .regular {
            let taken = try await ConsumerStore.takenToday(by: command.consumerId, in: transaction)
            if taken >= rules.dailyCountMax {
                return .refusal(ConsumerMessages.DailyLimitReached(limit: rules.dailyCountMax))
            }
        }
        try slot.take(.verify)
        try ConsumerStore.insert(slot, ofOrder: command.orderId, consumer: command.consumerId, in: transaction)
        return .success(ConsumerMessages.ConsumerVerified())
    }

    /// Why nobody may order so much, in a new order or in a changed one; nil if anybody may.
    private func refusal(of lines: [OrderMessages.LineItem]) -> Reply? {
        rules.itemOfTooMany(in: lines).map {
            .refusal(ConsumerMessages.TooManyOfOneItem(menuItemId: $0, limit: rules.itemCountMax))
        }
    }
}
