import AMQP
import BankSample
import Glibc
import Messaging
import Postgres
import Testing

@testable import Participant

/// The process is killed at each point at which something is half done; the next one makes it whole.
@Suite(.serialized) struct CrashTests {
    @Test(.timeLimit(.minutes(5)), arguments: CrashPoint.allCases)
    func nothingIsLostOrDoubledWhenKilled(at point: CrashPoint) async throws {
        try await BankHarness.withBank { bank in
            let saga = try await SagaSide(bank)
            let load = try BankLoad(saga, count: 150, seed: 7)
            if point == .swept { try await leaveSomethingToSweep(bank, saga) }
            if point == .committing { try await slowDownCommits(bank) }
            let killed = try await BankProcess.start(bank, crash: "\(point.rawValue):\(Self.hit(of: point))")
            await saga.insist(on: load.sequence)
            let signal = try await killed.end()
            #expect(signal == SIGKILL, "it was not killed at \(point.rawValue): \(killed.lastLines)")
            if point == .committing { try await bank.pool.query("DROP TRIGGER slow ON account") }

            let next = try await BankProcess.start(bank)
            let audit = BankAudit(bank: bank, saga: saga, load: load)
            try await audit.untilAnswered()
            try await audit.untilQueuesAreEmpty()
            try await next.stop()
            try await audit.check()
            await saga.close()
        }
    }

    /// At which time the point is reached: early ones also when some batches are through.
    private static func hit(of point: CrashPoint) -> Int {
        switch point {
        case .swept, .deleted, .committing: 1
        case .delivered, .claimed, .handled, .written, .committed, .acknowledged, .publishing, .published, .confirmed: 2
        }
    }

    /// Another process dies with rows it has not published.
    private func leaveSomethingToSweep(_ bank: BankHarness, _ saga: SagaSide) async throws {
        let first = try await BankProcess.start(bank, crash: "K9:1")
        let command = try saga.command(Bank.Release(account: "x", amount: 1), saga: "swept", direction: .backward)
        try await saga.send([command])
        #expect(try await first.end() == SIGKILL)
        #expect(try await bank.pool.query("SELECT count(*) FROM skald.outbox").only().decode(Int64.self, at: 0) > 0)
        // Its ack may have died with it. The rows alone are to be left.
        let own = try await Connection.connect(bank.brokerConfiguration(user: bank.service))
        let queue = TopologyNames.commandQueue(of: bank.service)
        try await eventually { try await own.status(ofQueue: queue).consumerCount == 0 }
        _ = try await own.purge(queue: queue)
        await own.close()
        try await bank.pool.query("DELETE FROM skald.inbox")
        try await bank.pool.query("DELETE FROM skald.reply")
    }

    /// The database takes a second to answer a commit, so that the process dies between the two.
    private func slowDownCommits(_ bank: BankHarness) async throws {
        try await bank.pool.query(
            """
            CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF current_setting('bank.slept', true) IS DISTINCT FROM 'yes' THEN
                    PERFORM set_config('bank.slept', 'yes', true), pg_sleep(1);
                END IF;
                RETURN NULL;
            END $$
            """)
        try await bank.pool.query(
            """
            CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON account DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION slow()
            """)
    }
}
