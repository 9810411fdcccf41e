import AMQP
import Messaging
import Postgres
import Testing

@testable import Participant

@Suite struct RetentionTests {
    @Test func partitionsAreMadeAheadAndDroppedWhole() async throws {
        try await BankHarness.withOwnServers { bank in
            // As the service itself, which may neither create nor drop.
            let service = PostgresPool(bank.runtimeConfiguration)
            defer { service.close() }
            let store = ProcessStore(database: service)
            try await bank.makeInboxPartition(daysAgo: 30)
            try await bank.makeInboxPartition(daysAgo: 3)
            try await store.keepPartitions(daysAhead: 3, retention: .seconds(15 * 86_400))
            #expect(try await bank.partition(daysAgo: 30) == false)
            #expect(try await bank.partition(daysAgo: 3))
            for day in 0...3 { #expect(try await bank.partition(daysAgo: -day), "no partition \(day) days ahead") }
            await #expect(throws: PostgresError.self) { try await service.query("CREATE TABLE skald.mine (id int)") }
            await #expect(throws: PostgresError.self) { try await service.query("DROP TABLE skald.inbox") }
            await #expect(throws: PostgresError.self) { try await service.query("DELETE FROM skald.inbox") }
        }
    }

    @Test func aHorizonShorterThanTheLadderIsRefused() throws {
        var configuration = ParticipantConfiguration(
            service: "bank", broker: .init(),
            database: PostgresConfiguration(host: "/tmp", database: "bank", user: "bank", tls: .disabled))
        configuration.retention.horizon = .seconds(60)
        #expect(throws: ParticipantConfigurationError.self) { try configuration.check() }
        let findings = TopologyLint.findings(
            in: [ServiceDeclaration(name: "bank")], inboxRetention: .seconds(3600), redriveHorizon: .seconds(86_400))
        #expect(findings.map(\.code) == [.retentionTooShort, .retentionTooShort])
        #expect(findings.map(\.name) == ["bank.commands", "bank.control"])
    }
}

extension BankHarness {
    /// A partition of the inbox for a day gone by, with a row in it.
    fileprivate func makeInboxPartition(daysAgo: Int) async throws {
        try await pool.query(
            """
            CREATE OR REPLACE FUNCTION make_old(days integer) RETURNS void LANGUAGE plpgsql AS $$
            DECLARE
                day timestamptz := date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' - make_interval(days => days);
            BEGIN
                EXECUTE format(
                    'CREATE TABLE skald.%I PARTITION OF skald.inbox FOR VALUES FROM (%L) TO (%L)',
                    'inbox_' || to_char(day AT TIME ZONE 'UTC', 'YYYYMMDD'), skald.first_id(day),
                    skald.first_id(day + interval '1 day'));
                INSERT INTO skald.inbox (id, type) VALUES (skald.first_id(day + interval '1 hour'), 'bank.Deposit');
            END $$
            """)
        try await pool.query("SELECT make_old(\(Int32(daysAgo)))")
    }

    fileprivate func partition(daysAgo: Int) async throws -> Bool {
        try await pool.query(
            """
            SELECT to_regclass('skald.inbox_' || to_char(now() AT TIME ZONE 'UTC' - make_interval(days => \(Int32(daysAgo))), 'YYYYMMDD'))
                IS NOT NULL
            """
        ).only().decode(at: 0)
    }
}
