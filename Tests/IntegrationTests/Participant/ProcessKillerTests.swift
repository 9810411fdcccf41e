import AMQP
import BankSample
import Glibc
import LocalServers
import Messaging
import Postgres
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
            let marks = try await bank.pool.query("SELECT count(*) FROM skald.suspect").only()
            #expect(try marks.decode(Int64.self, at: 0) == 0)
            for command in killers { #expect(saga.answers(to: command.id).isEmpty) }
            await saga.close()
        }
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
