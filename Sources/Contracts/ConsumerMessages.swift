package import Messaging

/// What is sent to the consumer service and what it answers, as `consumer.participant.yaml` declares it.
package enum ConsumerMessages {
    /// How many orders a consumer may place on one day.
    package enum Plan: String, Codable, Sendable, CaseIterable {
        /// A few, as the service is configured.
        case regular
        /// Any number.
        case subscriber
    }
}

// MARK: Commands

extension ConsumerMessages {
    package struct RegisterConsumer: MessagePayload {
        package static let messageType: MessageType = "consumer.RegisterConsumer"
        package var consumerId: String
        package var plan: Plan
        package var isActive: Bool?

        package init(consumerId: String, plan: Plan, isActive: Bool? = nil) {
            self.consumerId = consumerId
            self.plan = plan
            self.isActive = isActive
        }
    }

    package struct VerifyConsumer: MessagePayload {
        package static let messageType: MessageType = "consumer.VerifyConsumer"
        package var orderId: String
        package var consumerId: String
        package var lines: [OrderMessages.LineItem]

        package init(orderId: String, consumerId: String, lines: [OrderMessages.LineItem]) {
            self.orderId = orderId
            self.consumerId = consumerId
            self.lines = lines
        }
    }

    package struct VerifyLines: MessagePayload {
        package static let messageType: MessageType = "consumer.VerifyLines"
        package var orderId: String
        package var lines: [OrderMessages.LineItem]

        package init(orderId: String, lines: [OrderMessages.LineItem]) {
            self.orderId = orderId
            self.lines = lines
        }
    }

    package struct ReleaseSlot: MessagePayload {
        package static let messageType: MessageType = "consumer.ReleaseSlot"
        package var orderId: String
        package var consumerId: String

        package init(orderId: String, consumerId: String) {
            self.orderId = orderId
            self.consumerId = consumerId
        }
    }
}

// MARK: Replies

extension ConsumerMessages {
    package struct ConsumerRegistered: MessagePayload {
        package static let messageType: MessageType = "consumer.ConsumerRegistered"
        package init() {}
    }

    package struct ConsumerVerified: MessagePayload {
        package static let messageType: MessageType = "consumer.ConsumerVerified"
        package init() {}
    }

    package struct LinesVerified: MessagePayload {
        package static let messageType: MessageType = "consumer.LinesVerified"
        package init() {}
    }

    package struct ConsumerUnknown: MessagePayload {
        package static let messageType: MessageType = "consumer.ConsumerUnknown"
        package init() {}
    }

    package struct TooManyOfOneItem: MessagePayload {
        package static let messageType: MessageType = "consumer.TooManyOfOneItem"
        package var menuItemId: String
        package var limit: Int64

        package init(menuItemId: String, limit: Int64) {
            self.menuItemId = menuItemId
            self.limit = limit
        }
    }

    package struct DailyLimitReached: MessagePayload {
        package static let messageType: MessageType = "consumer.DailyLimitReached"
        package var limit: Int64

        package init(limit: Int64) {
            self.limit = limit
        }
    }

    package struct SlotReleased: MessagePayload {
        package static let messageType: MessageType = "consumer.SlotReleased"
        package init() {}
    }
}
