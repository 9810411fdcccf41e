import AMQP
import BankSample
import Messaging
import Postgres
import Telemetry
import Testing

@testable import Participant

/// Events wait for a subscriber that is away.
@Suite struct SubscriberTests {
    @Test func eventsPublishedWhileTheServiceIsDownArriveWhenItIsBack() async throws {
        try await BankHarness.withBank { bank in
            let source = try await EventSource(bank)
            // Before it ever ran.
            try await source.publish(30)
            try await bank.whileRunning(bank.participant()) {
                try await eventually { try await bank.balance("heard-away") == 30 }
            }
            // After it was stopped.
            try await source.publish(300)
            try await bank.whileRunning(bank.participant()) {
                try await eventually { try await bank.balance("heard-away") == 330 }
                try await bank.untilSettled()
            }
            let heard = try await bank.pool.query("SELECT count(*), count(DISTINCT message) FROM ledger").only()
            #expect(try heard.decode(Int64.self, Int64.self) == (330, 330) as (Int64, Int64))
            await source.close()
        }
    }
}

/// Publishes the bank's events, as another process of it would.
private struct EventSource {
    private let connection: Connection
    private let publisher: Publisher
    private let factory: MessageFactory

    init(_ bank: BankHarness) async throws {
        connection = try await Connection.connect(bank.brokerConfiguration(user: bank.service))
        publisher = try await connection.makePublisher()
        let clock: @Sendable () -> Int64 = { Logger.wallClockMilliseconds() }
        factory = MessageFactory(
            service: bank.service, user: bank.service, ids: UUIDv7Source(now: clock), now: clock)
    }

    /// So many events, each worth 1.
    func publish(_ count: Int) async throws {
        let body = try JSON.encode(Bank.Moved(account: "away", amount: 1))
        let events = (0..<count).map { _ in
            factory.event(Bank.Moved.messageType, body: body, correlationID: nil, traceparent: nil)
        }
        for outcome in await publisher.publish(contentsOf: events.map(\.publication)) {
            if let error = outcome.error { throw error }
        }
    }

    func close() async { await connection.close(gracePeriod: .seconds(5)) }
}
