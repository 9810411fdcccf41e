import Contracts
import Messaging
import Orchestration
import Postgres
import SagaModel
import Testing

extension TownTests {
    /// Sagas that wait for an event of others.
    @Suite struct AwaitTests {
        @Test func aSagaGoesOnWithItsEventAndNotWithThatOfAnother() async throws {
            try await Town.withTown(waitingFor: "PT5M") { town in
                try await town.settle()
                for order in ["o1", "o2"] { try await town.place(order) }
                for order in ["o1", "o2"] { try await town.untilWaiting(order) }
                try await town.accept("o1")
                try await town.until("o1", is: "APPROVED")
                #expect(try await town.ended("fetch-order", "o1").outcome == "fetched")
                // The other heard nothing of it, and an event of no order is nobody's.
                try await town.accept("o3")
                try await town.accept("o2")
                try await town.until("o2", is: "APPROVED")
                #expect(try await town.ended("fetch-order", "o2").outcome == "fetched")
                for order in ["o1", "o2"] { #expect(try await town.events(of: order) == ["ticket-of-\(order)"]) }
                #expect(try await town.number("orchestrator", "SELECT count(*) FROM saga_instance") == 2)
                #expect(try await town.number("orchestrator", "SELECT count(*) FROM saga_wait") == 0)
                try await town.expectQuiet()
            }
        }

        @Test func anEventMayComeBeforeItsStepAndEvenWithTheStart() async throws {
            try await Town.withTown(waitingFor: "PT5M") { town in
                try await town.settle()
                // The step before cannot be done yet.
                try await town.keeper.stop("consumer")
                try await town.place("early")
                try await town.untilAsked("consumer.VerifyConsumer")
                try await town.accept("early")
                try await waitUntil("the event is there before its step") {
                    try await town.events(of: "early") == ["ticket-of-early"]
                }
                #expect(try await town.order("early") == "APPROVAL_PENDING")
                // Start and event lie side by side in the queue, behind others, so that one transaction takes both.
                try await town.keeper.stop("orchestrator")
                for number in 1...40 { try await town.accept("nobody-\(number)") }
                try await town.place("together")
                try await town.until("together", is: "APPROVAL_PENDING")
                try await waitUntil("its start is out") {
                    try await town.number("order", "SELECT count(*) FROM skald.outbox") == 0
                }
                try await town.accept("together")
                try await town.startOrchestrator()
                try await town.keeper.start("consumer")
                for order in ["early", "together"] {
                    try await town.until(order, is: "APPROVED")
                    #expect(try await town.ended("fetch-order", order).outcome == "fetched")
                }
                try await town.expectQuiet()
            }
        }

        @Test func anEventMayComeBeforeItsSaga() async throws {
            try await Town.withTown(waitingFor: "PT5M") { town in
                try await town.settle()
                try await town.accept("o1")
                try await town.accept("o2")
                try await waitUntil("both events were taken") {
                    try await town.number("orchestrator", "SELECT count(*) FROM saga_event_early") == 2
                }
                try await town.database("orchestrator").execute(
                    "UPDATE saga_event_early SET at = now() - interval '1 hour' WHERE value = '\"o2\"'")
                for order in ["o1", "o2"] { try await town.place(order) }
                try await town.until("o1", is: "APPROVED")
                #expect(try await town.ended("fetch-order", "o1").outcome == "fetched")
                #expect(try await town.events(of: "o1") == ["ticket-of-o1"])
                // That one came too long before.
                try await town.untilWaiting("o2")
                #expect(try await town.events(of: "o2") == [])
                try await town.accept("o2")
                try await town.until("o2", is: "APPROVED")
                try await town.expectQuiet()
            }
        }

        /// As during a roll-out, when the older process takes what the newer one's saga waits for.
        @Test func anOrchestratorOfAnotherVersionTakesTheEventToo() async throws {
            let older = try Definitions.only(Town.fetchOrder(waitingBy: "ticketId"), named: "fetch-order")
            let newer = try Definitions.only(Town.fetchOrder(version: 2), named: "fetch-order")
            defer {
                older.remove()
                newer.remove()
            }
            let others = Town.services.filter { $0 != "orchestrator" }
            try await Town.withTown(starting: others, definitions: newer.path) { town in
                try await town.settle()
                try await town.keeper.start("orchestrator", as: "older", ["SKALD_SAGAS": older.path])
                try await waitUntil("the older one has registered") {
                    try await town.has("orchestrator", "SELECT FROM saga_definition")
                }
                try await town.keeper.start("orchestrator", as: "newer", ["SKALD_SAGAS": newer.path])
                // Either may start a saga.
                var orders: [String] = []
                try await waitUntil("the newer one has begun a saga") {
                    orders.append("o\(orders.count)")
                    try await town.place(orders[orders.count - 1])
                    try await town.untilWaiting(orders[orders.count - 1])
                    return try await town.has("orchestrator", "SELECT FROM saga_wait WHERE field = 'orderId'")
                }
                try await town.keeper.stop("newer")
                for order in orders { try await town.accept(order, ticket: order) }
                for order in orders {
                    try await town.until(order, is: "APPROVED")
                    #expect(try await town.ended("fetch-order", order).outcome == "fetched")
                }
                #expect(try await town.number("orchestrator", "SELECT count(*) FROM saga_wait") == 0)
                try await town.expectQuiet()
            }
        }

        @Test func withoutItsEventAStepFails() async throws {
            try await Town.withTown(waitingFor: "PT1S") { town in
                try await town.settle()
                try await town.place("o1")
                try await town.until("o1", is: "REJECTED")
                #expect(try await town.ended("fetch-order", "o1").outcome == "given-up")
                #expect(try await town.slot("o1") == "FREE")
                // It comes after all, and changes nothing.
                try await town.accept("o1")
                try await town.expectQuiet()
                #expect(try await town.order("o1") == "REJECTED")
            }
        }

        @Test func aSagaMayGoOnWithoutItsEvent() async throws {
            try await Town.withTown(waitingFor: "PT1S", onTimeout: "proceed") { town in
                try await town.settle()
                try await town.place("o1")
                try await town.until("o1", is: "APPROVED")
                #expect(try await town.ended("fetch-order", "o1").outcome == "fetched")
                #expect(try await town.events(of: "o1") == [])
                try await town.expectQuiet()
            }
        }
    }
}

extension Town {
    /// A saga that approves an order once the kitchen has accepted its ticket.
    ///
    /// - Parameter field: what the event is known by.
    fileprivate static func fetchOrder(
        version: Int = 1, waitingBy field: String = "orderId", timeout: String = "PT5M", onTimeout: String = "fail"
    ) -> String {
        """
        saga: fetch-order
        version: \(version)
        about: Approves an order once the kitchen has accepted its ticket.
        start:
          event: order.created
          key: orderId
          set: { orderId: event.orderId, consumerId: event.consumerId, lines: event.lines }
          undo: { send: order.RejectOrder, with: { orderId: data.orderId } }
          given: { order: APPROVAL_PENDING }
        deadline: PT10M
        data: { orderId: id, consumerId: id, lines: list<order.LineItem>, ticketId: id? }
        steps:
          - id: verify-consumer
            kind: compensatable
            do:
              send: consumer.VerifyConsumer
              with: { orderId: data.orderId, consumerId: data.consumerId, lines: data.lines }
            on: { ConsumerUnknown: fail, TooManyOfOneItem: fail, DailyLimitReached: fail }
            undo: { send: consumer.ReleaseSlot, with: { orderId: data.orderId, consumerId: data.consumerId } }
            timeout: PT1M
          - id: hear-of-the-ticket
            kind: check
            await: { events: kitchen.ticket-accepted, key: \(field), equals: data.orderId, on-timeout: \(onTimeout) }
            on: { kitchen.ticket-accepted: { set: { ticketId: event.ticketId } } }
            timeout: \(timeout)
          - id: authorize-card
            kind: pivot
            do:
              send: accounting.AuthorizeCard
              with: { orderId: data.orderId, consumerId: data.consumerId, total: 700 }
            on: { CardDeclined: fail }
            undo: { send: accounting.ReverseAuthorization, with: { orderId: data.orderId } }
          - id: approve-order
            kind: retriable
            do: { send: order.ApproveOrder, with: { orderId: data.orderId, total: 700 } }
        outcomes:
          fetched: { end: completed, require: order == APPROVED and slot == TAKEN }
          given-up: { end: compensated, require: "order == REJECTED and slot in [none, FREE]" }
        """
    }

    /// Lends a town whose orchestrator knows that saga alone.
    fileprivate static func withTown(
        waitingFor timeout: String, onTimeout: String = "fail", _ body: (Town) async throws -> Void
    ) async throws {
        let definitions = try Definitions.only(
            fetchOrder(timeout: timeout, onTimeout: onTimeout), named: "fetch-order")
        defer { definitions.remove() }
        try await withTown(["SKALD_SAGAS": definitions.path], definitions: definitions.path, body)
    }

    fileprivate func startOrchestrator() async throws { try await keeper.start("orchestrator") }

    /// Says what the kitchen says when it accepts a ticket.
    fileprivate func accept(_ order: String, ticket: String? = nil) async throws {
        try await client.publish(
            client.command(
                KitchenMessages.Accepted(orderId: order, ticketId: ticket ?? "ticket-of-" + order, readyBy: 0)))
    }

    fileprivate func untilWaiting(_ order: String) async throws {
        try await waitUntil("\(order) waits for the kitchen") {
            guard try await has("consumer", "SELECT FROM slot WHERE order_id = \(order)") else { return false }
            return try await replies(of: order).contains { $0.name == "ConsumerVerified" }
        }
    }

    /// The tickets that an order's saga was told of.
    fileprivate func events(of order: String) async throws -> [String] {
        let saga = try #require(try await sagas().sagas(withKey: order).first)
        return try await sagas().records(of: saga.id).compactMap { record in
            guard case .occurred(let event) = record.entry.input.happening,
                case .string(let ticket)? = event.payload["ticketId"]
            else { return nil }
            return ticket
        }
    }
}
