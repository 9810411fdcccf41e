import AMQP
import BankSample
import LocalServers
import Messaging
import Postgres
import Testing

@testable import Participant

@Suite struct ParticipantTests {
    @Test func aCommandIsHandledOnceAndItsDuplicatesGetTheSameBytes() async throws {
        try await BankHarness.withBank { bank in
            let saga = try await SagaSide(bank)
            try await bank.whileRunning(bank.participant()) {
                let command = try saga.command(Bank.Deposit(account: "a", amount: 5))
                // Twins in one batch, then a copy that comes later.
                try await saga.send([command, command])
                _ = try await saga.answers(to: command.id, count: 1)
                try await saga.send([command])
                let answers = try await saga.answers(to: command.id, count: 2)
                #expect(Set(answers).count == 1)
                #expect(answers[0].type == "bank.Deposited" && answers[0].body == #"{"balance":5}"#)
                #expect(answers[0].sender == "bank" && answers[0].step == command.envelope.step)
                #expect(try await bank.ledgerCount == 1)
                try await bank.untilSettled()
            }
            await saga.close()
        }
    }

    @Test func whatWasHandledStandsInTheTables() async throws {
        try await BankHarness.withBank { bank in
            let saga = try await SagaSide(bank)
            try await bank.whileRunning(bank.participant()) {
                let command = try saga.command(Bank.Deposit(account: "a", amount: 5))
                let answer = try await saga.ask(command)
                let id = PostgresUUID(command.id)
                let row = try await bank.pool.query(
                    """
                    SELECT inbox.type, saga, reply.id, body FROM skald.inbox JOIN skald.reply ON command_id = inbox.id
                    WHERE inbox.id = \(id)
                    """
                ).only()
                let (type, saga, reply, body) = try row.decode(String.self, String.self, PostgresUUID.self, String.self)
                #expect(type == "bank.Deposit" && saga == "saga-1" && body == answer.body)
                #expect(reply == PostgresUUID(answer.id))
                try await bank.untilSettled()
            }
            await saga.close()
        }
    }

    @Test func eventsOfATransactionNobodyAskedForArePublished() async throws {
        try await BankHarness.withBank { bank in
            let participant = try bank.participant()
            await #expect(throws: ParticipantNotRunning.self) {
                try await participant.withTransaction { _ in }
            }
            try await bank.whileRunning(participant) {
                try await eventually { await participant.health().isReady }
                try await participant.withTransaction(correlationID: "own") {
                    try $0.publish(Bank.Moved(account: "own", amount: 4))
                }
                try await eventually { try await bank.balance("heard-own") == 4 }
                #expect(participant.metricsText.contains("messages_processed_total{queue=\"bank.events\""))
                try await bank.untilSettled()
            }
        }
    }

    @Test func aRefusalThatNobodyWaitsForIsStoredAndNotSent() async throws {
        try await BankHarness.withBank { bank in
            let saga = try await SagaSide(bank)
            try await bank.whileRunning(bank.participant()) {
                let refused = try saga.command(Bank.Deposit(account: "a", amount: -5))
                let done = try saga.command(Bank.Deposit(account: "a", amount: 5))
                for command in [refused, done, refused] {
                    // As whoever is no saga sends it.
                    var envelope = command.envelope
                    (envelope.correlationID, envelope.step, envelope.replyTo) = (nil, nil, nil)
                    try await saga.send(raw: envelope.message(body: command.body))
                }
                let balance = try await saga.ask(saga.command(Bank.Deposit(account: "a", amount: 1), step: "last"))
                #expect(balance.body == #"{"balance":6}"#)
                let rows = try await bank.pool.query(
                    "SELECT command_id, envelope::json ->> 'type', body FROM skald.reply WHERE routing_key = ''")
                let (id, type, body) = try rows.only().decode(PostgresUUID.self, String.self, String.self)
                #expect(id == PostgresUUID(refused.id) && type == "bank.Overdrawn" && body == "{}")
                try await bank.untilSettled()
            }
            #expect(saga.answeredCount == 1)
            await saga.close()
        }
    }

    @Test func aRefusalIsAReplyAndANewTryIsHandledAgain() async throws {
        try await BankHarness.withBank { bank in
            let saga = try await SagaSide(bank)
            try await bank.whileRunning(bank.participant()) {
                let reserve = Bank.Reserve(account: "a", amount: 5)
                #expect(try await saga.ask(saga.command(reserve)).type == "bank.Overdrawn")
                let deposit = Bank.Deposit(account: "a", amount: 9)
                _ = try await saga.ask(saga.command(deposit, step: "deposit"))
                #expect(try await saga.ask(saga.command(reserve, number: 2)).type == "bank.Reserved")
                #expect(try await saga.ask(saga.command(reserve, number: 3)).type == "bank.Fenced")
                #expect(try await bank.balance("a") == 4)
            }
            await saga.close()
        }
    }

    @Test func anUndoThatComesFirstKeepsItsCommandOut() async throws {
        try await BankHarness.withBank { bank in
            let saga = try await SagaSide(bank)
            try await bank.whileRunning(bank.participant()) {
                let release = try saga.command(Bank.Release(account: "a", amount: 5), direction: .backward)
                let undone = try await saga.ask(release)
                #expect(undone.type == "bank.Released" && undone.body == "{}")
                let late = try await saga.ask(saga.command(Bank.Reserve(account: "a", amount: 5)))
                #expect(late.type == "bank.Fenced" && late.body == "{}")
                #expect(try await bank.ledgerCount == 0)
                #expect(try await bank.pool.query("SELECT count(*) FROM account").only().decode(Int64.self, at: 0) == 0)
            }
            await saga.close()
        }
    }

    @Test func aPoisonMessageClimbsTheLadderAndCostsOnlyItself() async throws {
        try await BankHarness.withBank { bank in
            let saga = try await SagaSide(bank)
            try await bank.whileRunning(bank.participant()) {
                let poison = try saga.command(Bank.Deposit(account: "p", amount: 1, trick: .throwing))
                let good = try (0..<20).map { try saga.command(Bank.Deposit(account: "g\($0 % 3)", amount: 1)) }
                try await saga.send(good.prefix(10) + [poison] + good.suffix(10))
                for command in good { _ = try await saga.answers(to: command.id, count: 1) }
                let dead = try await DeadQueue(bank).take(1)
                #expect(dead[0].properties.messageID == poison.id.description)
                #expect(dead[0].headers["skald-dead-reason"] == "attempts-exhausted")
                #expect(dead[0].headers["skald-attempt"] == 3)
                #expect(dead[0].headers["skald-last-error"] == "Failure: the vault is jammed")
                #expect(dead[0].headers["skald-sender"] == "orchestrator")
                #expect(dead[0].body == poison.body)
                #expect(try await bank.ledgerCount == 20)
                #expect(saga.answers(to: poison.id).isEmpty)
            }
            await saga.close()
        }
    }

    @Test func anErrorNobodyOwnsUpToIsFoundByHalving() async throws {
        try await BankHarness.withBank { bank in
            let saga = try await SagaSide(bank)
            try await bank.whileRunning(bank.participant()) {
                let spoiler = try saga.command(Bank.Deposit(account: "s", amount: 1, trick: .spoiling))
                let good = try (0..<16).map { try saga.command(Bank.Deposit(account: "g\($0)", amount: 1)) }
                try await saga.send(good.prefix(7) + [spoiler] + good.suffix(9))
                for command in good { _ = try await saga.answers(to: command.id, count: 1) }
                let dead = try await DeadQueue(bank).take(1)
                #expect(dead[0].properties.messageID == spoiler.id.description)
                #expect(try await bank.ledgerCount == 16)
            }
            await saga.close()
        }
    }

    @Test func aHandlerThatRunsOnForEverIsStopped() async throws {
        try await BankHarness.withBank(ladder: RetryLadder.none) { bank in
            let saga = try await SagaSide(bank)
            let participant = try bank.participant {
                // The good one has no more, and no second try.
                $0.deadlines.handler = .seconds(5)
                $0.database.timeouts.lock = .milliseconds(500)
            }
            try await bank.whileRunning(participant) {
                let endless = try saga.command(Bank.Deposit(account: "e", amount: 1, trick: .endless))
                let good = try saga.command(Bank.Deposit(account: "g", amount: 1))
                try await saga.send([endless, good])
                _ = try await saga.answers(to: good.id, count: 1)
                let dead = try await DeadQueue(bank).take(1)
                #expect(dead[0].headers["skald-last-error"] == "HandlerOverran: the handler ran past its deadline")
                #expect(try await bank.ledgerCount == 1)
            }
            await saga.close()
        }
    }

    @Test func whatCannotBeUnderstoodIsDeadAtOnceAndBlocksNothing() async throws {
        try await BankHarness.withBank { bank in
            let saga = try await SagaSide(bank)
            try await bank.whileRunning(bank.participant()) {
                let good = try saga.command(Bank.Deposit(account: "g", amount: 1))
                let cases = DeadCases(good, saga).messages
                for message in cases.values { try await saga.send(raw: message) }
                try await bank.sendAsStranger(good.envelope.message(body: good.body))
                let dead = try await DeadQueue(bank).take(6)
                let reasons = dead.compactMap { $0.headers[HeaderName.deadReason]?.text }
                #expect(Set(reasons) == Set(cases.keys).union(["unauthorised"]))
                #expect(try await bank.ledgerCount == 0)
                #expect(try await saga.ask(good).type == "bank.Deposited")
            }
            await saga.close()
        }
    }

    @Test func eventsReachTheirSubscribers() async throws {
        try await BankHarness.withBank { bank in
            let saga = try await SagaSide(bank)
            try await bank.whileRunning(bank.participant()) {
                _ = try await saga.ask(saga.command(Bank.Deposit(account: "a", amount: 3)))
                try await eventually { try await bank.balance("heard-a") == 3 }
                try await bank.untilSettled()
            }
            await saga.close()
        }
    }

    @Test func aPauseHoldsMessagesBackAndOutlivesARestart() async throws {
        try await BankHarness.withBank { bank in
            let saga = try await SagaSide(bank)
            try await PauseStore(bank.pool).pause("*", reason: "stocktaking", who: "test")
            let command = try saga.command(Bank.Deposit(account: "a", amount: 1))
            let participant = try bank.participant()
            try await bank.whileRunning(participant) {
                try await saga.send([command])
                try await eventually { await participant.health().checks.contains { $0.reason == "paused" } }
                #expect(try await bank.ledgerCount == 0)
                try await PauseStore(bank.pool).resume("*", reason: "counted", who: "test")
                _ = try await saga.answers(to: command.id, count: 1)
                try await eventually { await participant.health().isReady }
            }
            await saga.close()
        }
    }

    @Test func aPausedTypeWaitsWhileOthersPass() async throws {
        try await BankHarness.withBank { bank in
            let saga = try await SagaSide(bank)
            try await PauseStore(bank.pool).pause("bank.Reserve", reason: "broken", who: "test")
            try await bank.whileRunning(bank.participant()) {
                _ = try await saga.ask(saga.command(Bank.Deposit(account: "a", amount: 9), step: "d"))
                let held = try saga.command(Bank.Reserve(account: "a", amount: 1))
                try await saga.send([held])
                _ = try await saga.ask(saga.command(Bank.Deposit(account: "a", amount: 1), step: "e"))
                #expect(saga.answers(to: held.id).isEmpty)
                try await PauseStore(bank.pool).resume("bank.Reserve", reason: "mended", who: "test")
                #expect(try await saga.answers(to: held.id, count: 1)[0].type == "bank.Reserved")
            }
            await saga.close()
        }
    }

    /// A process that lost its lease while the database was away commits under an epoch that has been forgotten meanwhile.
    @Test func rowsOfAForgottenProcessAreTakenAndThoseOfALivingOneAreNot() async throws {
        try await BankHarness.withBank { bank in
            let saga = try await SagaSide(bank)
            let store = ProcessStore(database: bank.pool)
            let own = try await store.register(instance: "bank/a", lease: .seconds(60))
            let living = try await store.register(instance: "bank/b", lease: .seconds(60))
            let replies = try (1...2).map { _ in reply(to: try saga.command(Bank.Deposit(account: "a", amount: 1))) }
            for (reply, epoch) in zip(replies, [living, living + 1000]) {
                try await bank.pool.withTransaction { transaction in
                    try RunStore(epoch: epoch).enqueueOutbox([reply], in: transaction)
                }
            }
            let taken = try await store.claim(replies.map(\.id), epoch: own, countMax: 10)
            #expect(taken.map(\.id) == [replies[1].id])
            await saga.close()
        }
    }

    private func reply(to command: OutgoingMessage) -> OutgoingMessage {
        let factory = MessageFactory(
            service: "bank", user: "bank", ids: UUIDv7Source(now: { 1_720_000_000_000 }), now: { 0 })
        return factory.reply(to: command.envelope, type: "bank.Deposited", body: Array(#"{"balance":1}"#.utf8))
    }

    @Test func whatADeadProcessLeftInTheOutboxIsPublished() async throws {
        try await BankHarness.withBank { bank in
            let saga = try await SagaSide(bank)
            let command = try saga.command(Bank.Deposit(account: "a", amount: 1))
            let reply = reply(to: command)
            let epoch = try await ProcessStore(database: bank.pool).register(instance: "bank/dead", lease: .zero)
            try await bank.pool.withTransaction { transaction in
                try RunStore(epoch: epoch).enqueueOutbox([reply], in: transaction)
            }
            try await bank.whileRunning(bank.participant()) {
                let answer = try #require(try await saga.answers(to: command.id, count: 1).first)
                #expect(answer.id == reply.id)
                try await bank.untilSettled()
                try await eventually {
                    try await bank.pool.query("SELECT count(*) FROM skald.process WHERE instance = 'bank/dead'").only()
                        .decode(Int64.self, at: 0) == 0
                }
            }
            await saga.close()
        }
    }

    @Test(.timeLimit(.minutes(1))) func aQueueThatMayNotBeReadEndsIt() async throws {
        try await BankHarness.withBank { bank in
            try await bank.broker.setPermissions(
                bank.service, in: bank.virtualHost, configure: "^$", write: ".*", read: "^$")
            // It would otherwise go on and hear nothing.
            let refusal = await #expect(throws: AMQPError.self) { try await bank.participant().run() }
            #expect(refusal?.code == .accessRefused)
        }
    }
}

extension BankHarness {
    /// How many effects of commands there are; those of events are not counted.
    var ledgerCount: Int64 {
        get async throws {
            try await pool.query("SELECT count(*) FROM ledger WHERE account NOT LIKE 'heard-%'").only().decode(at: 0)
        }
    }

    func balance(_ account: String) async throws -> Int64? {
        try await pool.query("SELECT balance FROM account WHERE id = \(account)").atMostOne()?.decode(at: 0)
    }

    /// Waits until the outbox is empty: everything is published and confirmed.
    func untilSettled() async throws {
        try await eventually {
            try await pool.query("SELECT count(*) FROM skald.outbox").only().decode(Int64.self, at: 0) == 0
        }
    }

    /// Sends a command under a user who may write to the exchange and may not send commands.
    func sendAsStranger(_ message: WireMessage) async throws {
        try await broker.addUser("stranger", password: Self.password)
        try await broker.setPermissions("stranger", in: virtualHost)
        let connection = try await Connection.connect(brokerConfiguration(user: "stranger"))
        let publisher = try await connection.makePublisher()
        var forged = message
        forged.properties.userID = "stranger"
        try await publisher.publish(forged.amqp, to: TopologyNames.commands, routingKey: service)
        await connection.close(gracePeriod: .seconds(5))
    }
}
