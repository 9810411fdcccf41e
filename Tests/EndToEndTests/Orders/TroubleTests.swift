import Contracts
import Glibc
import Messaging
import Orchestration
import Postgres
import SagaModel
import Testing

extension TownTests {
    @Suite struct TroubleTests {
        @Test func duplicatesDoNothing() async throws {
            try await Town.withTown { town in
                try await town.settle()
                let placing = try town.client.command(
                    OrderMessages.PlaceOrder(
                        orderId: "sent-twice", consumerId: "ada", restaurantId: "roma", lines: [Town.pizza]))
                // The same message three times, then the same order in another message.
                for _ in 1...3 { try await town.client.send(placing, to: "order") }
                try await town.place("sent-twice")
                try await town.until("sent-twice", is: "APPROVED")
                // Else the saga's end may be written behind what follows.
                let saga = try await town.ended("create-order", "sent-twice")
                // The event once more, in another message, as after a mistake of somebody's.
                let event = try town.client.command(
                    OrderMessages.Created(
                        orderId: "sent-twice", consumerId: "ada", restaurantId: "roma", lines: [Town.pizza]))
                try await town.client.publish(event)
                try await waitUntil("the second start is written down and ignored") {
                    let last = try await town.sagas().records(of: saga.id).last
                    return last?.entry.actions == [.ignore(.alreadyStarted)]
                }
                #expect(try await town.number("orchestrator", "SELECT count(*) FROM saga_instance") == 1)
                #expect(try await town.number("accounting", "SELECT count(*) FROM ledger") == 1)
                #expect(try await town.number("consumer", "SELECT count(*) FROM slot") == 1)
                try await town.expectQuiet()
            }
        }

        @Test func aStartWithoutItsKeyIsBuriedWithTheFieldsName() async throws {
            try await Town.withTown { town in
                try await town.client.publish(town.client.command(KeylessOrder(id: "o1")))
                try await waitUntil("it is among the dead letters") {
                    try await town.skald("dlq", "list", "orchestrator.events").output.contains("1 dead letter")
                }
                let dead = try await town.skald("dlq", "show", "orchestrator.events")
                #expect(
                    dead.output.contains("create-order starts on it by the field orderId, which it lacks"),
                    "\(dead.output)")
                #expect(try await town.number("orchestrator", "SELECT count(*) FROM saga_key") == 0)
            }
        }

        @Test func severalOrchestratorsShareTheWorkAndOneMayDie() async throws {
            try await Town.withTown { town in
                try await town.settle(limit: 1_000_000)
                try await town.keeper.start("orchestrator", as: "second")
                for number in 1...40 { try await town.place("a-\(number)") }
                try await town.keeper.kill("orchestrator")
                for number in 1...40 { try await town.place("b-\(number)") }
                try await town.keeper.start("orchestrator")
                try await waitUntil("all are approved", within: .seconds(90)) {
                    try await town.number("order", "SELECT count(*) FROM orders WHERE state = 'APPROVED'") == 80
                }
                try await waitUntil("all sagas are over") {
                    try await town.number("orchestrator", "SELECT count(*) FROM saga_instance WHERE ended_at IS NULL")
                        == 0
                }
                #expect(try await town.number("accounting", "SELECT count(*) FROM ledger") == 80)
                try await town.expectQuiet()
            }
        }

        @Test func aServiceMayBeAwayForAWhile() async throws {
            try await Town.withTown { town in
                try await town.settle()
                try await town.keeper.kill("kitchen")
                try await town.place("service-was-away")
                try await waitUntil("the kitchen is asked") {
                    try await town.has(
                        "orchestrator", "SELECT FROM saga_instance WHERE state LIKE '%\"step\":\"create-ticket\"%'")
                }
                #expect(try await town.order("service-was-away") == "APPROVAL_PENDING")
                try await town.keeper.start("kitchen")
                try await town.until("service-was-away", is: "APPROVED")
                try await town.expectQuiet()
            }
        }

        @Test func aPausedParticipantsCommandsWait() async throws {
            try await Town.withTown { town in
                try await town.settle()
                let paused = try await town.skald(
                    "participant", "pause", "accounting", "--reason", "the bank is closed", "--wait", "60")
                #expect(paused.exit == "exit status 0", "\(paused.output)")
                try await town.keeper.stop("accounting")
                try await town.place("participant-was-paused")
                try await waitUntil("the clock of the card stands") { try await town.isAnySagaHeld() }
                // Whoever asks why nothing goes on is told.
                let waits = "running, waits for accounting (paused)"
                #expect(try await town.skald("saga", "list").output.contains(waits))
                #expect(
                    try await town.skald("saga", "show", "participant-was-paused").output.contains(
                        "create-order participant-was-paused \(waits)"))
                #expect(
                    try await town.skald("saga", "show", "participant-was-paused", "--json").data.contains(
                        #""paused":["accounting"]"#))
                try await town.keeper.start("accounting")
                let resumed = try await town.skald(
                    "participant", "resume", "accounting", "--reason", "it opened", "--wait", "60")
                #expect(resumed.exit == "exit status 0", "\(resumed.output)")
                try await town.until("participant-was-paused", is: "APPROVED")
                try await town.expectQuiet()
            }
        }

        /// As one is while its reply is taken in, just when everybody is told.
        @Test func aSagaThatIsLockedHearsOfAResumeLater() async throws {
            try await Town.withTown { town in
                try await town.settle()
                let paused = try await town.skald("participant", "pause", "accounting", "--reason", "a test")
                #expect(paused.isSuccess, "\(paused.output)")
                try await town.keeper.stop("kitchen")
                try await town.place("o1")
                try await waitUntil("the saga has been told") {
                    try await town.has("orchestrator", "SELECT FROM saga_instance WHERE paused = '{accounting}'")
                }
                // It has not come to the card yet.
                #expect(try await town.sagas().list().sagas.map(\.pausedFor) == [[]])
                try await town.keeper.start("kitchen")
                try await waitUntil("the card is not asked for") { try await town.isAnySagaHeld() }
                try await town.database("orchestrator").withTransaction { transaction in
                    try await transaction.query("SELECT FROM saga_instance FOR UPDATE")
                    let resumed = try await town.skald("participant", "resume", "accounting", "--reason", "a test")
                    #expect(resumed.isSuccess, "\(resumed.output)")
                    try await waitUntil("nobody is paused") {
                        try await town.has("orchestrator", "SELECT FROM saga_pause") == false
                    }
                    let resumedAt = ContinuousClock.now
                    try await waitUntil("everybody has been told") {
                        resumedAt.duration(to: .now) > .seconds(3)
                    }
                }
                try await town.until("o1", is: "APPROVED")
                try await town.expectQuiet()
            }
        }

        @Test func instancesStayWithTheDefinitionThatStartedThem() async throws {
            try await Town.withTown { town in
                try await town.settle()
                try await town.keeper.stop("accounting")
                try await town.place("definition-changed")
                try await waitUntil("the old one waits for the card") {
                    try await town.has(
                        "orchestrator", "SELECT FROM saga_instance WHERE state LIKE '%\"step\":\"authorize-card\"%'")
                }
                let folder = try Definitions.changed(\.self)
                defer { folder.remove() }
                try await town.keeper.stop("orchestrator")
                try await town.keeper.start("orchestrator", ["SKALD_SAGAS": folder.path])
                try await town.place("new")
                try await town.keeper.start("accounting")
                let old = try await town.ended("create-order", "definition-changed")
                let new = try await town.ended("create-order", "new")
                #expect(old.definitionVersion == 1 && old.outcome == "approved")
                #expect(new.definitionVersion == 2 && new.outcome == "approved")
                #expect(old.definitionHash != new.definitionHash)
                try await town.expectQuiet()
            }
        }

        @Test func aPersonHelpsASagaThatIsStuck() async throws {
            try await Town.withTown { town in
                try await town.settle()
                let folder = try await town.getStuck(["helped-by-hand"])
                defer { folder.remove() }
                let saga = try #require(try await town.sagas().sagas(withKey: "helped-by-hand").first)
                let choices = try #require(try await town.sagas().choices(for: saga.id, now: saga.changedAt))
                #expect(Set(choices.map(\.action)) == [.retry, .resume, .skip, .abort])
                #expect(
                    try await town.outcome(of: "compensate", to: saga.id.description)
                        == .refused(why: "the pivot is passed, the saga only goes forward"))
                let order = try town.client.command(
                    OrderSaga(
                        saga: saga.id.description, action: "retry", who: "test", reason: "the kitchen is back"))
                for _ in 1...2 { try await town.client.send(order, to: "orchestrator") }
                #expect(try await town.outcome(of: order) == .done())
                try await town.keeper.start("kitchen")
                try await town.until("helped-by-hand", is: "APPROVED")
                let records = try await town.sagas().records(of: saga.id)
                let retries = records.filter { record in
                    guard case .ordered(let order) = record.entry.input.happening else { return false }
                    return order.reason == "the kitchen is back" && order.who == "test"
                }
                #expect(retries.count == 1, "the repeated message ordered nothing more")
                #expect(retries.first?.messageID == order.properties.messageID)
                try await town.expectQuiet()
            }
        }

        @Test func aPersonTakesAStepForDoneOrEndsASaga() async throws {
            try await Town.withTown { town in
                try await town.settle()
                let folder = try await town.getStuck(["skipped-by-hand", "aborted-by-hand"])
                defer { folder.remove() }
                let skip = try await town.skald("saga", "skip", "skipped-by-hand", "--reason", "told by telephone")
                #expect(skip.isSuccess, "\(skip.output)")
                try await town.until("skipped-by-hand", is: "APPROVED")
                #expect(try await town.ended("create-order", "skipped-by-hand").outcome == "approved")
                let abort = try await town.skald("saga", "abort", "aborted-by-hand", "--reason", "nobody is there")
                #expect(abort.isSuccess, "\(abort.output)")
                let aborted = try await town.skald("saga", "list", "--state", "aborted", "--keys")
                #expect(aborted.data == "aborted-by-hand\n")
                #expect(try await town.order("aborted-by-hand") == "APPROVAL_PENDING", "what is left is left")
                // Once is enough.
                let again = try await town.skald("saga", "abort", "aborted-by-hand", "--reason", "nobody is there")
                #expect(again.exit == "exit status 1" && again.output.contains("It is over."), "\(again.output)")

                // The kitchen hears of both later, and its replies are nobody's any more.
                try await town.keeper.start("kitchen")
                for order in ["skipped-by-hand", "aborted-by-hand"] {
                    try await waitUntil("\(order) is confirmed") {
                        try await town.ticket(order) == "AWAITING_ACCEPTANCE"
                    }
                }
                for (order, words) in [
                    ("skipped-by-hand", "told by telephone"), ("aborted-by-hand", "nobody is there"),
                ] {
                    let shown = try await town.skald("saga", "show", order).output
                    #expect(shown.contains("(\(words))"), "\(shown)")
                    let file = "\(folder.path)/\(order).history.json"
                    let exported = try await town.skald("saga", "export", order, "--output", folder.path)
                    #expect(exported.isSuccess, "\(exported.output)")
                    let replay = try await town.skald("replay", file, "--sagas", folder.path)
                    #expect(replay.isSuccess, "\(replay.output)")
                    unlink(file)
                }
                try await town.expectQuiet()
            }
        }
    }
}

extension Town {
    /// Leaves these orders stuck where the kitchen has to confirm their tickets. The kitchen does not run then.
    ///
    /// - Returns: the definitions that the orchestrator runs: a retriable step of theirs gives up after one second.
    fileprivate func getStuck(_ orders: [String]) async throws -> Definitions {
        let folder = try Definitions.changed { text in
            text.replacing(
                "do: { send: kitchen.ConfirmTicket, with: { orderId: data.orderId } }",
                with: """
                    do: { send: kitchen.ConfirmTicket, with: { orderId: data.orderId } }
                        timeout: PT1S
                        retry: { attempts: 1 }
                    """)
        }
        try await keeper.stop("orchestrator")
        try await keeper.start("orchestrator", ["SKALD_SAGAS": folder.path])
        try await keeper.stop("accounting")
        for order in orders { try await place(order) }
        try await waitUntil("the cards are asked for") {
            try await number(
                "orchestrator", "SELECT count(*) FROM saga_instance WHERE state LIKE '%\"step\":\"authorize-card\"%'")
                == Int64(orders.count)
        }
        try await keeper.stop("kitchen")
        try await keeper.start("accounting")
        try await waitUntil("the sagas are stuck") { try await sagas().counts()[.stuck] == orders.count }
        return folder
    }

    /// Whether a command of any saga waits for somebody who is paused.
    fileprivate func isAnySagaHeld() async throws -> Bool {
        guard let saga = try await sagas().list().sagas.first,
            let (_, instance) = try await sagas().instance(saga.id)
        else { return false }
        return instance.pending.contains { $0.state == .heldUnsent || $0.state == .heldAsking }
    }
}

/// An `order.created` that says its key by another name.
private struct KeylessOrder: MessagePayload {
    static let messageType: MessageType = "order.created"
    var id: String

    private enum CodingKeys: String, CodingKey {
        case id = "order_id"
    }
}
