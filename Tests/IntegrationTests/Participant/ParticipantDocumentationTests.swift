import AMQP
import Foundation
import Messaging
import Postgres
import Telemetry
import Testing

@testable import Participant

@Suite struct ParticipantDocumentationTests {
    @Test func theExampleRuns() async throws {
        try await BankHarness.withBank { bank in
            try await bank.pool.migrate("accounts", openAccountsMigrations)
            let saga = try await SagaSide(bank)
            let participant = try Participant(
                bank.configuration, handlers: openAccountsHandlers(),
                telemetry: ParticipantTelemetry(log: Logger(level: .debug, sink: bank.log), metrics: MetricRegistry()))
            try await bank.whileRunning(participant) {
                let greedy = try saga.command(OpenAccount(accountId: "g", limit: 5_000), step: "greedy")
                #expect(try await saga.ask(greedy).body == #"{"limitMax":1000}"#)
                let open = try saga.command(OpenAccount(accountId: "a", limit: 10))
                #expect(try await saga.ask(open).type == "bank.AccountOpened")
                try await eventually { try await bank.credit("a") == 11 }
                let close = try saga.command(CloseAccount(accountId: "a"), direction: .backward)
                #expect(try await saga.ask(close).type == "bank.AccountClosed")
                #expect(try await bank.credit("a") == nil)
            }
            await saga.close()
        }
    }

    @Test func theExampleIsTheOneOnThePage() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..").standardized
        let page = try String(
            contentsOf: root.appending(path: "Sources/Participant/Participant.docc/WriteAParticipant.md"),
            encoding: .utf8)
        let example = try String(
            contentsOf: root.appending(path: "Tests/IntegrationTests/Participant/OpenAccounts.swift"), encoding: .utf8)
        #expect(page.contains("```swift\n\(example)```\n"), "the page's example differs from OpenAccounts.swift")
    }
}

extension BankHarness {
    fileprivate func credit(_ account: String) async throws -> Int64? {
        try await pool.query("SELECT credit FROM opened WHERE id = \(account)").atMostOne()?.decode(at: 0)
    }
}
