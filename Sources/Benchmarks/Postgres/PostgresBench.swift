internal import BenchmarkBaselines
internal import LocalServers
internal import Postgres

/// The cluster with the tables of the work.
struct PostgresBench: Sendable {
    let cluster: PostgresCluster

    /// Sagas that each connection has to itself.
    static let sagaCount = Int(bench_saga_count)
    static let connectionCountMax = 16

    init(_ cluster: PostgresCluster) {
        self.cluster = cluster
    }

    /// As a server of this size would be set up; durability stays as it is by default, on.
    static var options: PostgresOptions {
        var options = PostgresOptions()
        options.configuration = ["shared_buffers = 256MB", "max_wal_size = 2GB", "checkpoint_timeout = 1h"]
        return options
    }

    func configuration(connectionCount: Int) -> PostgresConfiguration {
        var configuration = PostgresConfiguration(
            host: cluster.socketFolder, port: Int(cluster.port), database: "postgres", user: cluster.user,
            tls: .disabled)
        configuration.pool.connectionCountMax = connectionCount
        configuration.pool.connectionCountMin = connectionCount
        return configuration
    }

    func createTables() async throws {
        try await cluster.psql(
            """
            CREATE TABLE inbox (id uuid PRIMARY KEY);
            CREATE TABLE outbox (id uuid PRIMARY KEY, body bytea NOT NULL);
            CREATE TABLE saga (id uuid PRIMARY KEY, state int NOT NULL, version int NOT NULL) WITH (fillfactor = 50);
            INSERT INTO saga SELECT ('01930f5a-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 0, 0
            FROM generate_series(0, :last) AS n;
            """, ["last": "\(Self.sagaCount * Self.connectionCountMax - 1)"])
    }

    /// Empties the tables, so that each section begins alike.
    func reset() async throws {
        try await cluster.psql("TRUNCATE inbox, outbox")
        try await cluster.psql("VACUUM saga")
        try await cluster.psql("CHECKPOINT")
    }

    /// Lends a pool whose connections are open and know the statements.
    func withPool(
        connectionCount: Int, _ body: (PostgresPool) async throws -> Measurement
    ) async throws -> Measurement {
        let pool = PostgresPool(configuration(connectionCount: connectionCount))
        defer { pool.close() }
        while pool.metrics.idleCount < connectionCount { try await Task.sleep(for: .milliseconds(5)) }
        return try await body(pool)
    }

    /// The id of a row, as the C side makes it.
    static func rowID(_ number: Int) -> PostgresUUID {
        PostgresUUID(high: 0x0193_0f5a_0000_7000, low: 0x8000_0000_0000_0000 | UInt64(number))
    }
}
