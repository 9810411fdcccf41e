import AMQP
import BankSample
import LocalServers
import Messaging
import Postgres
import Testing

@testable import Participant

/// What any participant must do, whatever it is written in: a black box behind its queue.
@Suite struct ConformanceTests {
    enum Language: String, CaseIterable {
        case swift, python

        func start(_ bank: BankHarness) async throws -> BankProcess {
            switch self {
            case .swift: try await BankProcess.start(bank)
            case .python: try await BankProcess.startPython(bank)
            }
        }
    }

    @Test(arguments: Language.allCases)
    func theSameCommandTwiceHasOneEffectAndTheSameReply(_ language: Language) async throws {
        try await run(language) { bank, saga in
            let command = try saga.command(Bank.Deposit(account: "a", amount: 5))
            try await saga.send([command, command])
            _ = try await saga.answers(to: command.id, count: 1)
            try await saga.send([command])
            let answers = try await saga.answers(to: command.id, count: 2)
            #expect(Set(answers).count == 1 && answers[0].body == #"{"balance":5}"#)
            #expect(answers[0].type == "bank.Deposited" && answers[0].sender == "bank")
            #expect(answers[0].step == command.envelope.step)
            #expect(try await bank.ledgerCount == 1)
        }
    }

    @Test(arguments: Language.allCases)
    func anUndoBeforeItsDoKeepsItOut(_ language: Language) async throws {
        try await run(language) { bank, saga in
            let undone = try await saga.ask(
                saga.command(Bank.Release(account: "a", amount: 5), direction: .backward))
            #expect(undone.type == "bank.Released" && undone.body == "{}")
            let late = try await saga.ask(saga.command(Bank.Reserve(account: "a", amount: 5)))
            #expect(late.type == "bank.Fenced" && late.body == "{}")
            #expect(try await bank.balance("a") == nil)
        }
    }

    @Test(arguments: Language.allCases)
    func doAndUndoMeetTheFence(_ language: Language) async throws {
        try await run(language) { bank, saga in
            _ = try await saga.ask(saga.command(Bank.Deposit(account: "a", amount: 9), step: "deposit"))
            let reserve = Bank.Reserve(account: "a", amount: 5)
            let release = Bank.Release(account: "a", amount: 5)
            #expect(try await saga.ask(saga.command(reserve)).type == "bank.Reserved")
            #expect(try await saga.ask(saga.command(reserve, number: 2)).type == "bank.Fenced")
            #expect(try await saga.ask(saga.command(release, direction: .backward)).body != "{}")
            #expect(try await saga.ask(saga.command(release, direction: .backward, number: 2)).body == "{}")
            #expect(try await saga.ask(saga.command(reserve, number: 3)).type == "bank.Fenced")
            #expect(try await bank.balance("a") == 9)
        }
    }

    @Test(arguments: Language.allCases)
    func whatMayHaveBeenDoneIsUndone(_ language: Language) async throws {
        try await run(language) { bank, saga in
            _ = try await saga.ask(saga.command(Bank.Deposit(account: "a", amount: 9), step: "deposit"))
            let reserve = Bank.Reserve(account: "a", amount: 5, isUnclear: true)
            let release = Bank.Release(account: "a", amount: 5)
            #expect(try await saga.ask(saga.command(reserve)).type == "bank.ReserveUnclear")
            #expect(try await bank.balance("a") == 4)
            #expect(try await saga.ask(saga.command(release, direction: .backward)).body != "{}")
            #expect(try await bank.balance("a") == 9)
            #expect(try await saga.ask(saga.command(reserve, number: 2)).type == "bank.Fenced")
        }
    }

    @Test(arguments: Language.allCases)
    func aStoredRefusalIsRepeatedAndANewTryHandled(_ language: Language) async throws {
        try await run(language) { bank, saga in
            let first = try saga.command(Bank.Reserve(account: "a", amount: 5))
            #expect(try await saga.ask(first).type == "bank.Overdrawn")
            _ = try await saga.ask(saga.command(Bank.Deposit(account: "a", amount: 9), step: "deposit"))
            try await saga.send([first])
            #expect(Set(try await saga.answers(to: first.id, count: 2)).count == 1)
            #expect(
                try await saga.ask(saga.command(Bank.Reserve(account: "a", amount: 5), number: 2)).type
                    == "bank.Reserved")
            #expect(try await bank.balance("a") == 4)
        }
    }

    @Test(arguments: Language.allCases)
    func whatCannotBeHandledIsDeadWithItsReason(_ language: Language) async throws {
        try await run(language) { bank, saga in
            let good = try saga.command(Bank.Deposit(account: "g", amount: 1))
            let cases = DeadCases(good, saga)
            for message in cases.messages.values { try await saga.send(raw: message) }
            try await bank.sendAsStranger(good.envelope.message(body: good.body))
            let queue = try await DeadQueue(bank)
            let dead = try await queue.take(cases.messages.count + 1)
            await queue.close()
            #expect(
                Set(dead.compactMap { $0.headers[HeaderName.deadReason]?.text })
                    == Set(cases.messages.keys).union(["unauthorised"]))
            #expect(dead.allSatisfy { $0.headers["skald-sender"] != nil && $0.properties.userID == "bank" })
            #expect(try await saga.ask(good).type == "bank.Deposited")
            #expect(try await bank.ledgerCount == 1)
        }
    }

    @Test(arguments: Language.allCases)
    func whatThrowsClimbsTheLadder(_ language: Language) async throws {
        try await run(language) { bank, saga in
            let poison = try saga.command(Bank.Deposit(account: "p", amount: 1, trick: .throwing))
            let good = try saga.command(Bank.Deposit(account: "g", amount: 1))
            try await saga.send([poison, good])
            _ = try await saga.answers(to: good.id, count: 1)
            let queue = try await DeadQueue(bank)
            let dead = try await queue.take(1)
            await queue.close()
            #expect(dead[0].properties.messageID == poison.id.description && dead[0].body == poison.body)
            #expect(dead[0].headers["skald-dead-reason"] == "attempts-exhausted")
            #expect(dead[0].headers["skald-attempt"] == .integer(Int64(bank.ladder.attemptCountMax)))
            #expect(dead[0].headers["skald-last-error"]?.text?.contains("the vault is jammed") == true)
            #expect(dead[0].headers["skald-sender"] == "orchestrator" && dead[0].headers["x-death"] == nil)
            #expect(try await bank.ledgerCount == 1)
        }
    }

    private func run(_ language: Language, _ body: (BankHarness, SagaSide) async throws -> Void) async throws {
        try await BankHarness.withBank { bank in
            let saga = try await SagaSide(bank)
            let process = try await language.start(bank)
            do {
                try await body(bank, saga)
                try await bank.untilSettled()
            } catch {
                Issue.record("\(process.lastLines)")
                try await process.stop()
                throw error
            }
            try await process.stop()
            await saga.close()
        }
    }
}

/// Messages that nobody can handle, by the reason they must die for.
struct DeadCases {
    private(set) var messages: [String: WireMessage] = [:]

    init(_ good: OutgoingMessage, _ saga: SagaSide) {
        let message = good.envelope.message(body: good.body)
        let old = UUIDv7(milliseconds: 1_000_000, randomHigh: 1, randomLow: 2).description
        func add(_ reason: String, id: String? = nil, _ change: (inout WireMessage) -> Void) {
            var copy = message
            let id = id ?? saga.nextID().description
            copy.properties.messageID = id
            copy.headers[HeaderName.eventID] = .string(id)
            change(&copy)
            messages[reason] = copy
        }
        add("undecodable") { $0.body = Array("{\"account\":".utf8) }
        add("too-large") { $0.body = [UInt8](repeating: 0x20, count: MessageSize.byteCountMax + 1) }
        add("bad-identifier", id: "6fa459ea-ee8a-4ca4-894e-db77e160355e") { _ in }
        add("unknown-type") {
            $0.properties.type = "bank.Explode"
            $0.headers[HeaderName.eventType] = "bank.Explode"
        }
        add("too-old", id: old) { _ in }
    }
}

extension BankProcess {
    /// The participant that follows the written contract and nothing else.
    static func startPython(_ bank: BankHarness) async throws -> BankProcess {
        let script =
            #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 } + "/PythonParticipant/bank.py"
        let database = bank.runtimeConfiguration
        let user = "amqp://\(bank.service):\(BankHarness.password)@\(bank.broker.host):\(bank.broker.port)"
        return try await start(
            ["/usr/bin/python3", "-u", script],
            [
                "BANK_BROKER": "\(user)/\(bank.virtualHost.replacing("/", with: "%2f"))",
                "BANK_DSN":
                    "host=\(database.host) port=\(database.port) dbname=\(bank.database) user=\(database.user) "
                    + "password=\(bank.databasePassword)",
                "BANK_LEVELS": bank.ladder.levels.map(\.name).joined(separator: ","),
            ])
    }
}
