import Glibc
import LocalServers
import Messaging
import Telemetry
import Testing

@testable import Participant

/// Everything at once: load with duplicates and poison out of order, two processes of which one is killed again and again
/// at another point, broker and database restarted.
@Suite struct StormTests {
    /// 20,000 commands when `SKALD_FULL_TESTS` is set; the same storm over fewer otherwise.
    private static let count = getenv("SKALD_FULL_TESTS") == nil ? 3_000 : 20_000

    @Test func theLedgerIsExactAfterwards() async throws {
        try await BankHarness.withOwnServers { bank in
            let saga = try await SagaSide(bank)
            let load = try BankLoad(saga, count: Self.count, seed: 11)
            let steady = try await BankProcess.start(bank, instance: "bank/2")
            let killing = Task { try await killAgainAndAgain(bank) }
            let chunkSize = max(1, load.sequence.count / 10)
            for (number, start) in stride(from: 0, to: load.sequence.count, by: chunkSize).enumerated() {
                await saga.insist(on: Array(load.sequence[start..<min(start + chunkSize, load.sequence.count)]))
                switch number {
                case 2: try await bank.broker.restart()
                case 4: try await bank.cluster.restart(.immediate)
                case 6:
                    try await bank.broker.kill()
                    try await bank.broker.start()
                default: break
                }
            }
            let killed = try await killing.value
            let audit = BankAudit(bank: bank, saga: saga, load: load)
            try await audit.untilAnswered(within: .seconds(300))
            try await audit.untilQueuesAreEmpty()
            try await steady.stop()
            try await killed.stop()
            try await audit.check()
            await saga.close()
        }
    }

    /// One process after the other under one name, each killed at the next point.
    ///
    /// - Returns: the last one, which lives.
    private func killAgainAndAgain(_ bank: BankHarness) async throws -> BankProcess {
        for (number, point) in CrashPoint.allCases.filter({ $0 != .committing && $0 != .swept }).enumerated() {
            let process = try await BankProcess.start(bank, crash: "\(point.rawValue):\(1 + number % 3)")
            try await process.endOrStop(after: .seconds(15))
        }
        return try await BankProcess.start(bank)
    }
}

extension BankProcess {
    /// Waits for its end, and kills it if it does not come: the load may have run out before the point was reached.
    func endOrStop(after limit: Duration) async throws {
        let deadline = ContinuousClock.now + limit
        // Allowed (test-sleep): a pause between two looks, with a deadline around it.
        while !hasEnded, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(20)) }
        send(SIGKILL)
        try await end()
    }
}
