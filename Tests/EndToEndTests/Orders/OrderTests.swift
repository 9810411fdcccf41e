import Contracts
import Orchestration
import Postgres
import SagaModel
import Testing

extension TownTests {
    @Suite struct OrderTests {
        @Test func anOrderGoesFromPendingToApproved() async throws {
            try await Town.withTown { town in
                try await town.settle()
                let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
                try await town.client.send(
                    OrderMessages.PlaceOrder(
                        orderId: "o1", consumerId: "ada", restaurantId: "roma", lines: [Town.pizza]),
                    traceparent: trace)
                try await town.until("o1", is: "APPROVED")
                #expect(try await town.ticket("o1") == "AWAITING_ACCEPTANCE")
                #expect(try await town.authorization("o1") == "AUTHORIZED")
                #expect(try await town.slot("o1") == "TAKEN")
                let saga = try await town.ended("create-order", "o1")
                #expect(saga.standing == .finished && saga.outcome == "approved")
                #expect(saga.traceparent?.contains("4bf92f3577b34da6a3ce929d0e0e4736") == true)
                #expect(try await town.number("order", "SELECT total FROM orders WHERE id = 'o1'") == 1900)
                #expect(try await town.number("accounting", "SELECT held FROM account WHERE consumer = 'ada'") == 1900)
                try await town.expectQuiet()
            }
        }

        @Test func everyParticipantCanRejectAnOrderForItsReasons() async throws {
            try await Town.withTown { town in
                try await town.settle()
                try await town.settle("reg", plan: .regular)
                try await town.settle("poor", limit: 1000)
                try await town.settle("late", expires: 1_000_000_000_000)
                try await town.settle("off", isEnabled: false)
                try await town.client.send(
                    ConsumerMessages.RegisterConsumer(consumerId: "gone", plan: .subscriber, isActive: false))
                try await waitUntil("a consumer is not active any more") {
                    try await town.has("consumer", "SELECT FROM consumer WHERE id = 'gone'")
                }
                try await town.client.send(
                    KitchenMessages.PublishMenu(restaurantId: "shut", isOpen: false, items: []))
                try await waitUntil("a restaurant is shut") {
                    try await town.has("kitchen", "SELECT FROM restaurant WHERE id = 'shut'")
                }
                try await town.place("unknown", by: "nobody")
                try await town.place("inactive", by: "gone")
                try await town.place("closed", at: "shut")
                try await town.place("nowhere", at: "atlantis")
                try await town.place("sold-out", [.init(menuItemId: "unicorn", quantity: 1)])
                try await town.place("glutton", [Town.pizza, .init(menuItemId: "pasta", quantity: 11)])
                try await town.place("hungry", [Town.pizza, .init(menuItemId: "pasta", quantity: 10)])
                for consumer in ["poor", "late", "off"] { try await town.place("card-" + consumer, by: consumer) }
                for number in 1...6 { try await town.place("day-\(number)", by: "reg") }

                try await town.expectRejected("unknown", because: "consumer-unknown")
                try await town.expectRejected("inactive", because: "consumer-unknown")
                try await town.expectRejected("closed", because: "restaurant-closed")
                try await town.expectRejected("nowhere", because: "restaurant-closed")
                try await town.expectRejected("sold-out", because: "menu-invalid")
                try await town.expectRejected("glutton", because: "too-many-of-one-item")
                #expect(try await town.skald("saga", "show", "glutton").output.contains("consumer.TooManyOfOneItem"))
                try await town.until("hungry", is: "APPROVED")
                for consumer in ["poor", "late", "off"] {
                    try await town.expectRejected("card-" + consumer, because: "card-declined")
                }
                try await waitUntil("five of the six are approved and one is not") {
                    let approved = try await town.number(
                        "order", "SELECT count(*) FROM orders WHERE consumer = 'reg' AND state = 'APPROVED'")
                    let refused = try await town.number(
                        "order", "SELECT count(*) FROM orders WHERE consumer = 'reg' AND reason = 'daily-limit-reached'"
                    )
                    return approved == 5 && refused == 1
                }
                try await town.expectQuiet()
            }
        }

        @Test func ordersThatComeTogetherDoNotHoldMoreThanACardsLimit() async throws {
            try await Town.withTown { town in
                try await town.settle(limit: 4000)
                // All of them wait for accounting, which then finds them in one batch.
                try await town.keeper.stop("accounting")
                for number in 1...6 { try await town.place("o\(number)") }
                for number in 1...6 {
                    try await waitUntil("o\(number) is at its card") {
                        try await town.ticket("o\(number)") == "CREATE_PENDING"
                    }
                }
                try await town.keeper.start("accounting")
                for number in 1...6 { _ = try await town.ended("create-order", "o\(number)") }
                #expect(try await town.number("accounting", "SELECT held FROM account WHERE consumer = 'ada'") == 3800)
                #expect(
                    try await town.number("order", "SELECT count(*) FROM orders WHERE state = 'APPROVED'") == 2)
                try await town.expectQuiet()
                try await town.expectCleanAudit()
            }
        }

        /// A service finds what came while it was down in one batch, the order behind what it builds on.
        @Test(arguments: ["kitchen", "accounting"])
        func whatCameWhileAServiceWasDownCountsForTheOrderBehindIt(service: String) async throws {
            try await Town.withTown { town in
                try await town.settle()
                try await town.client.send(ConsumerMessages.RegisterConsumer(consumerId: "bob", plan: .subscriber))
                try await town.keeper.stop(service)
                // A service begins with one message alone; the others are those that come together.
                for name in ["ann", "bob"] {
                    try await town.client.send(
                        KitchenMessages.PublishMenu(
                            restaurantId: name, isOpen: true,
                            items: [.init(menuItemId: "pizza", name: "Pizza", price: 950)]))
                    try await town.client.send(
                        AccountingMessages.OpenAccount(
                            consumerId: name, cardToken: "tok_visa-0001-" + name, limit: 5000,
                            expires: 4_102_444_800_000))
                }
                try await waitUntil("bob is known to who is there") {
                    let isRegistered = try await town.has("consumer", "SELECT FROM consumer WHERE id = 'bob'")
                    let isListed = try await town.has("kitchen", "SELECT FROM restaurant WHERE id = 'bob'")
                    let hasAccount = try await town.has("accounting", "SELECT FROM account WHERE consumer = 'bob'")
                    return isRegistered && (isListed || service == "kitchen") && (hasAccount || service == "accounting")
                }
                try await town.place("o1", by: "bob", at: "bob")
                try await town.untilAsked(service == "kitchen" ? "kitchen.CreateTicket" : "accounting.AuthorizeCard")
                try await town.keeper.start(service)
                let saga = try await town.ended("create-order", "o1")
                #expect(saga.outcome == "approved")
                try await town.expectQuiet()
            }
        }

        @Test func anOrderIsCancelledOnlyWhileNobodyCooks() async throws {
            try await Town.withTown(["KITCHEN_STEP_MILLISECONDS": "off"]) { town in
                try await town.settle()
                for order in ["wanted", "cooked", "kept"] { try await town.place(order) }
                for order in ["wanted", "cooked", "kept"] { try await town.until(order, is: "APPROVED") }

                try await town.client.send(OrderMessages.CancelOrder(requestId: "cancelled-in-time", orderId: "wanted"))
                try await town.until("wanted", is: "CANCELLED")
                #expect(try await town.ended("cancel-order", "cancelled-in-time").outcome == "cancelled")
                #expect(try await town.ticket("wanted") == "CANCELLED")
                #expect(try await town.authorization("wanted") == "REVERSED")

                // The kitchen has begun: the ticket says no, and the order is what it was.
                try await town.database("kitchen").query(
                    "UPDATE ticket SET state = 'PREPARING' WHERE order_id = 'cooked'")
                try await town.client.send(OrderMessages.CancelOrder(requestId: "kitchen-had-begun", orderId: "cooked"))
                #expect(try await town.ended("cancel-order", "kitchen-had-begun").outcome == "refused")
                #expect(try await town.order("cooked") == "APPROVED")
                #expect(try await town.authorization("cooked") == "AUTHORIZED")

                // Twice, and once more when it is over.
                try await town.client.send(OrderMessages.CancelOrder(requestId: "cancelled-before", orderId: "wanted"))
                #expect(try await town.ended("cancel-order", "cancelled-before").outcome == "refused")
                #expect(try await town.order("wanted") == "CANCELLED")
                try await town.expectQuiet()
            }
        }

        @Test func cancellingWhileAnOrderIsBeingApprovedDoesNotHurtIt() async throws {
            try await Town.withTown(starting: ["order", "consumer", "kitchen", "orchestrator"]) { town in
                // The money is away: the order hangs before its pivot while somebody asks to cancel it.
                try await town.keeper.start("accounting")
                try await town.settle()
                try await town.keeper.stop("accounting")
                try await town.place("o1")
                try await waitUntil("the ticket is there") { try await town.ticket("o1") == "CREATE_PENDING" }
                try await town.client.send(OrderMessages.CancelOrder(requestId: "during-approval", orderId: "o1"))
                #expect(try await town.ended("cancel-order", "during-approval").outcome == "refused")
                #expect(try await town.order("o1") == "APPROVAL_PENDING")
                try await town.keeper.start("accounting")
                try await town.until("o1", is: "APPROVED")
                try await town.expectQuiet()
            }
        }

        @Test func anOrderIsRevisedTogetherOrNotAtAll() async throws {
            // One rule, set in one place: of the consumer service, for new orders and for changed ones.
            try await Town.withTown(["CONSUMER_ITEM_COUNT_MAX": "7"]) { town in
                try await town.settle(limit: 5000)
                for order in ["more", "unpayable", "unknown-item"] {
                    try await town.place(order, [.init(menuItemId: "pizza", quantity: 1)])
                }
                for order in ["more", "unpayable", "unknown-item"] { try await town.until(order, is: "APPROVED") }

                let pasta = OrderMessages.LineItem(menuItemId: "pasta", quantity: 1)
                try await town.client.send(
                    OrderMessages.ReviseOrder(requestId: "revised", orderId: "more", lines: [Town.pizza, pasta]))
                #expect(try await town.ended("revise-order", "revised").outcome == "revised")
                #expect(try await town.number("order", "SELECT total FROM orders WHERE id = 'more'") == 3020)
                #expect(try await town.number("kitchen", "SELECT total FROM ticket WHERE order_id = 'more'") == 3020)
                #expect(
                    try await town.number("accounting", "SELECT amount FROM authorization_hold WHERE order_id = 'more'")
                        == 3020)

                let feast = OrderMessages.LineItem(menuItemId: "pasta", quantity: 7)
                try await town.client.send(
                    OrderMessages.ReviseOrder(requestId: "card-declined", orderId: "unpayable", lines: [feast]))
                let unicorn = OrderMessages.LineItem(menuItemId: "unicorn", quantity: 1)
                try await town.client.send(
                    OrderMessages.ReviseOrder(requestId: "item-unknown", orderId: "unknown-item", lines: [unicorn]))
                let glut = OrderMessages.LineItem(menuItemId: "pasta", quantity: 8)
                try await town.client.send(
                    OrderMessages.ReviseOrder(requestId: "too-many-of-one-item", orderId: "more", lines: [glut]))
                #expect(try await town.ended("revise-order", "too-many-of-one-item").outcome == "refused")
                #expect(
                    try await town.skald("saga", "show", "too-many-of-one-item").output.contains(
                        "consumer.TooManyOfOneItem"))
                #expect(try await town.ended("revise-order", "card-declined").outcome == "refused")
                #expect(try await town.ended("revise-order", "item-unknown").outcome == "refused")
                for order in ["unpayable", "unknown-item"] {
                    #expect(try await town.order(order) == "APPROVED")
                    #expect(try await town.ticket(order) == "AWAITING_ACCEPTANCE")
                    #expect(try await town.number("order", "SELECT total FROM orders WHERE id = \(order)") == 950)
                }
                try await town.expectQuiet()
            }
        }

        @Test func aRevisionMeetsApprovalAndCancelling() async throws {
            try await Town.withTown { town in
                try await town.settle()
                let lines = [Town.pizza, OrderMessages.LineItem(menuItemId: "pasta", quantity: 1)]
                try await town.keeper.stop("accounting")
                try await town.place("pending")
                try await waitUntil("the ticket is there") { try await town.ticket("pending") == "CREATE_PENDING" }
                try await town.client.send(
                    OrderMessages.ReviseOrder(requestId: "revised-too-early", orderId: "pending", lines: lines))
                #expect(try await town.ended("revise-order", "revised-too-early").outcome == "refused")
                #expect(try await town.order("pending") == "APPROVAL_PENDING")
                try await town.keeper.start("accounting")
                try await town.until("pending", is: "APPROVED")

                // Both are asked for at once: one after the other, or one alone.
                let orders = (1...6).map { "contested-\($0)" }
                for order in orders { try await town.place(order) }
                for order in orders { try await town.until(order, is: "APPROVED") }
                for order in orders {
                    try await town.client.send(
                        OrderMessages.ReviseOrder(requestId: "revise-" + order, orderId: order, lines: lines))
                    try await town.client.send(OrderMessages.CancelOrder(requestId: "cancel-" + order, orderId: order))
                }
                for order in orders {
                    let isRevised = try await town.ended("revise-order", "revise-" + order).outcome == "revised"
                    let isCancelled = try await town.ended("cancel-order", "cancel-" + order).outcome == "cancelled"
                    #expect(isRevised || isCancelled, "\(order)")
                    #expect(try await town.order(order) == (isCancelled ? "CANCELLED" : "APPROVED"))
                    #expect(try await town.ticket(order) == (isCancelled ? "CANCELLED" : "AWAITING_ACCEPTANCE"))
                    #expect(try await town.authorization(order) == (isCancelled ? "REVERSED" : "AUTHORIZED"))
                    let totals = [
                        try await town.number("order", "SELECT total FROM orders WHERE id = \(order)"),
                        try await town.number("kitchen", "SELECT total FROM ticket WHERE order_id = \(order)"),
                    ]
                    #expect(totals == (isRevised ? [3020, 3020] : [1900, 1900]), "\(order)")
                }
                try await town.expectQuiet()
                try await town.expectCleanAudit()
            }
        }

        @Test func theKitchenCooksByItselfAndForgetsNothing() async throws {
            try await Town.withTown(["KITCHEN_STEP_MILLISECONDS": "300"]) { town in
                try await town.settle()
                try await town.place("o1")
                try await town.until("o1", is: "APPROVED")
                try await town.keeper.kill("kitchen")
                try await town.keeper.start("kitchen")
                try await waitUntil("the food is gone") { try await town.ticket("o1") == "PICKED_UP" }
                #expect(try await town.number("kitchen", "SELECT count(*) FROM ticket_timer") == 0)
                try await town.expectQuiet()
            }
        }
    }
}

extension Town {
    /// An order that was rejected leaves nothing behind.
    ///
    /// - Parameter reason: nil if nobody said one.
    func expectRejected(
        _ order: String, because reason: String?, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        try await until(order, is: "REJECTED")
        #expect(
            try await text("order", "SELECT reason FROM orders WHERE id = \(order)") == reason,
            sourceLocation: sourceLocation)
        let (ticket, slot, hold) = (try await ticket(order), try await slot(order), try await authorization(order))
        #expect(ticket == nil || ticket == "CANCELLED", "\(order)", sourceLocation: sourceLocation)
        #expect(slot == nil || slot == "FREE", "\(order)", sourceLocation: sourceLocation)
        #expect(hold == nil || hold == "REVERSED", "\(order)", sourceLocation: sourceLocation)
        let saga = try await ended("create-order", order)
        #expect(saga.outcome == "rejected", sourceLocation: sourceLocation)
    }
}
