import BankSample
import Glibc
import LocalServers
import Messaging
import Postgres
import Telemetry
import Testing

@testable import Participant

/// Poison among good messages costs only itself.
@Suite struct PoisonTests {
    /// 1,000 among 10,000 when `SKALD_FULL_TESTS` is set; a tenth of both otherwise.
    private static let goodCount = getenv("SKALD_FULL_TESTS") == nil ? 1_000 : 10_000

    @Test func poisonEndsDeadAndTheRestFlows() async throws {
        try await BankHarness.withBank { bank in
            let saga = try await SagaSide(bank)
            try await bank.whileRunning(bank.participant()) {
                let clean = try BankLoad(saga, count: Self.goodCount, seed: 3, duplicateShare: 0, poisonShare: 0)
                let cleanTime = try await time(clean, saga)
                let mixed = try BankLoad(
                    saga, count: Self.goodCount * 11 / 10, seed: 4, duplicateShare: 0, poisonShare: 1.0 / 11)
                let mixedTime = try await time(mixed, saga)
                print(
                    "good messages a second: clean \(clean.good.count / cleanTime), with poison \(mixed.good.count / mixedTime)"
                )
                try await bank.untilDead(mixed.poison.count)
                let dead = try await DeadQueue(bank).takeAll()
                #expect(Set(dead.compactMap { $0.properties.messageID.flatMap { UUIDv7($0) } }) == mixed.poison)
                #expect(dead.allSatisfy { $0.headers["skald-attempt"] == .integer(3) && $0.headers["x-death"] == nil })
            }
            await saga.close()
        }
    }

    /// Until every good message has its answer.
    private func time(_ load: BankLoad, _ saga: SagaSide) async throws -> Seconds {
        let start = ContinuousClock.now
        await saga.insist(on: load.sequence)
        let ids = load.good.map(\.id)
        try await eventually(within: .seconds(300)) {
            let answers = saga.all
            return ids.allSatisfy { answers[$0] != nil }
        }
        return Seconds(ContinuousClock.now - start)
    }

    /// Somebody has a row open and goes for lunch: whoever needs it waits, and nobody else.
    @Test func aRowThatSomebodyHoldsStopsNobodyElse() async throws {
        try await BankHarness.withBank { bank in
            let saga = try await SagaSide(bank)
            let participant = try bank.participant { $0.database.timeouts.lock = .milliseconds(300) }
            try await bank.whileRunning(participant) {
                _ = try await saga.ask(saga.command(Bank.Deposit(account: "held", amount: 1)))
                let (held, hold) = AsyncStream<Void>.makeStream()
                let (over, end) = AsyncStream<Void>.makeStream()
                let holder = Task {
                    try await bank.pool.withTransaction { transaction in
                        try await transaction.query("SELECT FROM account WHERE id = 'held' FOR UPDATE")
                        hold.finish()
                        for await _ in over {}
                    }
                }
                for await _ in held {}
                let waiting = try saga.command(Bank.Deposit(account: "held", amount: 2))
                let free = try (0..<5).map { try saga.command(Bank.Deposit(account: "b\($0)", amount: 2)) }
                try await saga.send([waiting] + free)
                for command in free { _ = try await saga.answer(to: command) }
                try await eventually { bank.log.lines.contains { $0.contains("lets others pass") } }
                #expect(saga.answers(to: waiting.id).isEmpty)
                end.finish()
                try await holder.value
                #expect(try await saga.answer(to: waiting).body == #"{"balance":3}"#)
                try await bank.untilSettled()
            }
            await saga.close()
        }
    }

    /// The database goes away for longer than the whole ladder: nobody dies of it.
    @Test func anOutageLongerThanTheLadderKillsNoMessage() async throws {
        try await BankHarness.withOwnServers { bank in
            let saga = try await SagaSide(bank)
            let process = try await BankProcess.start(bank)
            let load = try BankLoad(saga, count: 300, seed: 5, poisonShare: 0.02)
            await saga.insist(on: Array(load.sequence.prefix(100)))
            try await bank.cluster.stop(.immediate)
            await saga.insist(on: Array(load.sequence.dropFirst(100)))
            // Allowed (test-sleep): the outage itself, twenty times as long as the ladder.
            try await Task.sleep(for: bank.ladder.wholeDelay * 20)
            try await bank.cluster.start()
            let audit = BankAudit(bank: bank, saga: saga, load: load)
            try await audit.untilAnswered()
            try await audit.untilQueuesAreEmpty()
            try await process.stop()
            try await audit.check()
            await saga.close()
        }
    }
}

/// So many things in so much time.
private struct Seconds {
    let value: Double

    init(_ duration: Duration) { value = duration / .seconds(1) }

    static func / (count: Int, seconds: Seconds) -> Int { Int(Double(count) / seconds.value) }
}
