import AMQP
import BankSample
import LocalServers
import Messaging
import Reactor
import Telemetry
import Testing

@testable import Participant

/// What the broker does not take, or not now.
@Suite struct BrokerTroubleTests {
    @Test func whatIsTooLongToBePassedOnIsBuriedWithoutItsHeaders() async throws {
        try await BankHarness.withBank { bank in
            let saga = try await SagaSide(bank)
            let dead = try await DeadQueue(bank)
            try await bank.whileRunning(bank.participant()) {
                let command = try saga.command(Bank.Deposit(account: "a", amount: 5))
                var message = command.envelope.message(body: Array("{".utf8))
                // As many headers as a frame holds: there is no room for why it died.
                var byteCount = 131_072
                repeat {
                    byteCount -= 32
                    message.headers["own"] = .string(String(repeating: "x", count: byteCount))
                } while await saga.isTooLong(message)
                let letter = try #require(try await dead.take(1).first)
                #expect(letter.properties.messageID == command.id.description && letter.body == message.body)
                #expect(letter.headers[HeaderName.deadReason]?.text == "undecodable")
                #expect(letter.headers["own"] == nil)
                #expect(letter.headers[HeaderName.lastError]?.text?.hasPrefix("headers left out: ") == true)
                let answer = try await saga.ask(saga.command(Bank.Deposit(account: "a", amount: 5)))
                #expect(answer.type == "bank.Deposited")
                try await bank.untilSettled()
            }
            await dead.close()
            await saga.close()
        }
    }

    @Test(.timeLimit(.minutes(2))) func aBrokerThatIsAwayAtTheStartIsWaitedFor() async throws {
        try await BankHarness.withBank { bank in
            let saga = try await SagaSide(bank)
            let proxy = try FaultProxy(to: bank.broker.port)
            await proxy.setRefusing(true)
            let participant = try bank.participant { configuration in
                configuration.broker = bank.brokerConfiguration(user: bank.service, port: proxy.port)
                configuration.broker.openTimeout = .milliseconds(300)
            }
            try await bank.whileRunning(participant) {
                try await eventually { bank.log.lines.count { $0.contains("waiting for the broker") } >= 2 }
                await proxy.setRefusing(false)
                let answer = try await saga.ask(saga.command(Bank.Deposit(account: "a", amount: 5)))
                #expect(answer.type == "bank.Deposited")
                try await bank.untilSettled()
            }
            await proxy.close()
            await saga.close()
        }
    }

    @Test func whatDoesNotEndIsToldToAtTheLimit() async {
        let tasks = BackgroundTasks(on: EventLoop(name: "background"))
        let wasCancelled = Lock(false)
        let (endless, continuation) = AsyncStream<Never>.makeStream()
        tasks.start {
            for await _ in endless {}
            wasCancelled.withLock { $0 = Task.isCancelled }
        }
        await tasks.finish(within: .milliseconds(50))
        #expect(wasCancelled.withLock { $0 })
        continuation.finish()
    }
}
