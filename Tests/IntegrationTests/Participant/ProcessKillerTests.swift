import AMQP
import BankSample
import Glibc
import LocalServers
import Messaging
import Postgres
import Telemetry
import Testing

@testable import Participant

/// A message whose handler kills the process is found out, and nobody who stood near it is buried with it.
@Suite struct ProcessKillerTests {
    private static let goodCount = 200
    /// Far below what neighbours would reach if every death counted against them.
    private static let deliveryLimit = CrashRule.processDeathCountMax + 1

    /// All of them within one prefetch window, the killers spread among the good.
    @Test(.timeLimit(.minutes(5)), arguments: [1, 5])
    func onlyTheKillersAreBuried(killerCount: Int) async throws {
        try await BankHarness.withBank { bank in
            try await bank.applyTopology { topology in
                for index in topology.policies.indices where topology.policies[index].rules.deliveryLimit != nil {
                    topology.policies[index].rules.deliveryLimit = Self.deliveryLimit
                }
            }
            let saga = try await SagaSide(bank)
            let (good, killers) = try commands(saga, killerCount)
            #expect(good.count + killers.count < Int(ParticipantConfiguration.Batch().prefetchCount))

            let deathCount = try await runUntilDone(bank, saga, good, killers)
            print("\(killerCount) killers: \(deathCount) processes died")
            #expect(deathCount >= killerCount * CrashRule.deathCountMax)
            #expect(deathCount <= killerCount * CrashRule.processDeathCountMax)

            let queue = try await DeadQueue(bank)
            let dead = try await queue.takeAll()
            await queue.close()
            #expect(Set(dead.compactMap { $0.properties.messageID }) == Set(killers.map(\.id.description)))
            for message in dead {
                #expect(message.headers["skald-dead-reason"] == "crashing")
                #expect(message.headers["skald-last-error"]?.text?.contains("3 processes died") == true)
                #expect(message.headers["x-death"] == nil, "the broker gave it up, not the participant")
            }
            #expect(try await bank.ledgerCount == Int64(good.count))
            let doneOnce = "SELECT count(DISTINCT message) FROM ledger WHERE account LIKE 'g%'" as SQL
            #expect(try await bank.pool.query(doneOnce).only().decode(Int64.self, at: 0) == Int64(good.count))
            #expect(try await markCount(bank) == 0)
            for command in killers { #expect(saga.answers(to: command.id).isEmpty) }
            await saga.close()
        }
    }

    /// Whoever ends the process before the dead queue has the message must not be the one who forgets it.
    @Test func aKillerIsRememberedUntilItIsBuried() async throws {
        try await BankHarness.withBank { bank in
            let saga = try await SagaSide(bank)
            let killer = try saga.command(Bank.Deposit(account: "k", amount: 1))
            try await saga.send([killer])
            for _ in 0..<CrashRule.suspectDeliveryCount { try await giveUpOne(bank) }
            try await bank.pool.execute(
                """
                INSERT INTO skald.suspect (id, epoch, death_count)
                VALUES (\(PostgresUUID(killer.id)), 0, \(Int32(CrashRule.deathCountMax)))
                """)

            let administrator = try await Connection.connect(
                bank.brokerConfiguration(user: bank.broker.user, password: bank.broker.password))
            let (queue, grave) = (TopologyNames.commandQueue(of: bank.service), try await DeadQueue(bank))
            try await administrator.unbind(queue: grave.queue, from: TopologyNames.dead, routingKey: queue)
            try await bank.whileRunning(bank.participant()) {
                try await eventually { bank.log.lines.contains { $0.contains("cannot pass a message on") } }
                #expect(try await markCount(bank) == 1)
                try await administrator.declare(
                    BindingDeclaration(from: TopologyNames.dead, to: .queue(grave.queue), routingKey: queue))
                let dead = try await grave.take(1)
                #expect(dead.map(\.properties.messageID) == [killer.id.description])
                try await eventually { try await markCount(bank) == 0 }
            }
            for connection in [administrator, grave.connection] { await connection.close(gracePeriod: .seconds(5)) }
            await saga.close()
        }
    }

    /// Takes a command and answers nothing, as a process does that dies.
    private func giveUpOne(_ bank: BankHarness) async throws {
        let connection = try await Connection.connect(bank.brokerConfiguration(user: bank.service))
        let consumer = try await connection.consume(TopologyNames.commandQueue(of: bank.service))
        #expect(await consumer.nextBatch(countMax: 1).count == 1)
        await connection.close(gracePeriod: .zero)
    }

    private func markCount(_ bank: BankHarness) async throws -> Int64 {
        try await bank.pool.query("SELECT count(*) FROM skald.suspect").only().decode(at: 0)
    }

    /// Sends good ones and killers in one sequence.
    private func commands(
        _ saga: SagaSide, _ killerCount: Int
    ) throws -> (good: [OutgoingMessage], killers: [OutgoingMessage]) {
        let good = try (0..<Self.goodCount).map {
            try saga.command(Bank.Deposit(account: "g\($0 % 7)", amount: 1), saga: "good-\($0)")
        }
        let killers = try (0..<killerCount).map {
            try saga.command(Bank.Deposit(account: "k\($0)", amount: 1, trick: .killing), saga: "killer-\($0)")
        }
        return (good, killers)
    }

    /// Starts the service again whenever it has died.
    ///
    /// - Returns: how often it died.
    private func runUntilDone(
        _ bank: BankHarness, _ saga: SagaSide, _ good: [OutgoingMessage], _ killers: [OutgoingMessage]
    ) async throws -> Int {
        var sequence = good
        for (number, killer) in killers.enumerated() {
            sequence.insert(killer, at: (number + 1) * good.count / (killers.count + 1))
        }
        try await saga.send(sequence)
        let queue = try await DeadQueue(bank)
        var deathCount = 0
        while true {
            let process = try await BankProcess.start(bank)
            var isDone = false
            try await eventually(within: .seconds(60)) {
                let deadCount = try await queue.connection.status(ofQueue: queue.queue).messageCount
                isDone = deadCount >= killers.count && saga.answeredCount == good.count
                return isDone || process.hasEnded
            }
            if isDone {
                try await bank.untilSettled()
                try await process.stop()
                await queue.close()
                return deathCount
            }
            #expect(try await process.end() == SIGKILL, "\(process.lastLines)")
            deathCount += 1
            try #require(deathCount < 100)
        }
    }
}
