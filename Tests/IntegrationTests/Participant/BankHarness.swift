import AMQP
import BankSample
import Glibc
import LocalServers
import Messaging
import Postgres
import Telemetry
import Testing

@testable import Participant

/// A bank on real servers: its topology applied, its database migrated, a saga's side that sends and listens.
struct BankHarness: Sendable {
    let broker: RabbitServer
    let cluster: PostgresCluster
    let virtualHost: String
    let database: String
    /// The bank's name and broker user. Users are global to a broker, so each test has its own.
    let service: String
    let pool: PostgresPool
    let log = MemoryLogSink()

    static let password = "secret"

    /// Runs a test against a bank of its own on the run's shared servers.
    static func withBank<Result>(
        ladder: RetryLadder? = nil, _ body: (BankHarness) async throws -> Result
    ) async throws -> Result {
        try await Turns.atBanks.take {
            let broker = try await SharedServers.rabbit()
            let cluster = try await SharedServers.postgres()
            return try await broker.withVirtualHost { virtualHost in
                try await cluster.withDatabase { database in
                    let harness = try await BankHarness(broker, cluster, virtualHost, database, ladder: ladder)
                    defer { harness.pool.close() }
                    return try await body(harness)
                }
            }
        }
    }

    /// Runs a test against a bank on servers of its own, which the test may stop and kill. The bank works there as a role
    /// with the least rights.
    static func withOwnServers<Result>(
        ladder: RetryLadder? = nil, _ body: (BankHarness) async throws -> Result
    ) async throws -> Result {
        try await Turns.atBanks.take { try await onOwnServers(ladder: ladder, body) }
    }

    private static func onOwnServers<Result>(
        ladder: RetryLadder?, _ body: (BankHarness) async throws -> Result
    ) async throws -> Result {
        async let starting = RabbitServer.started()
        let cluster = try await PostgresCluster.started()
        let broker = try await starting
        let virtualHost = try await broker.makeVirtualHost()
        let roles = DatabaseRoles(services: ["bank"]) { _ in .literal(password) }
        for statement in roles.roleStatements { try await cluster.psql(statement) }
        try await cluster.psql(roles.databaseCreation(of: "bank").create)
        for statement in roles.grantStatements(of: "bank") { try await cluster.psql(statement, in: "bank") }
        let harness = try await BankHarness(broker, cluster, virtualHost, "bank", ladder: ladder, hasRoles: true)
        let result = try await body(harness)
        harness.pool.close()
        try await broker.shutDown()
        try await cluster.shutDown()
        return result
    }

    /// - Parameter hasRoles: whether an owner migrates and the bank works as another, or one may do all.
    init(
        _ broker: RabbitServer, _ cluster: PostgresCluster, _ virtualHost: String, _ database: String,
        ladder: RetryLadder? = nil, hasRoles: Bool = false
    ) async throws {
        self.broker = broker
        self.cluster = cluster
        self.virtualHost = virtualHost
        self.database = database
        service = "bank"
        self.ladder = try ladder ?? RetryLadder(delays: [.milliseconds(100), .milliseconds(200)])
        var owner = Self.configuration(cluster, database)
        var runtime = owner
        if hasRoles {
            (owner.user, owner.password) = (DatabaseRoles.ownerRole(of: "bank"), .value(Self.password))
            (runtime.user, runtime.password) = (DatabaseRoles.runtimeRole(of: "bank"), .value(Self.password))
        }
        runtimeConfiguration = runtime
        databasePassword = hasRoles ? Self.password : cluster.password
        pool = PostgresPool(owner)
        try await pool.migrate(ParticipantSchema.set, ParticipantSchema.migrations)
        try await pool.migrate("bank", Bank.migrations)
        try await applyTopology()
    }

    let ladder: RetryLadder
    /// What the bank itself reaches its database by.
    let runtimeConfiguration: PostgresConfiguration
    let databasePassword: String

    static func configuration(_ cluster: PostgresCluster, _ database: String) -> PostgresConfiguration {
        var configuration = PostgresConfiguration(
            host: cluster.socketFolder, port: Int(cluster.port), database: database, user: cluster.user,
            password: .value(cluster.password), tls: .disabled, applicationName: "bank")
        configuration.timeouts.acquire = .seconds(30)
        return configuration
    }

    var declarations: [ServiceDeclaration] {
        [
            .orchestrator(subscriptions: [], ladder: ladder),
            ServiceDeclaration(
                name: service, subscriptions: [Bank.Moved.messageType], events: [Bank.Moved.messageType],
                ladder: ladder),
        ]
    }

    var topology: Messaging.Topology {
        Messaging.Topology(services: declarations, virtualHost: virtualHost)
    }

    /// Imports the definitions file, as an administrator would.
    func applyTopology(_ change: (inout Messaging.Topology) -> Void = { _ in }) async throws {
        var topology = topology
        change(&topology)
        // A file without password hashes would take the passwords away.
        for user in topology.users { try await broker.addUser(user.name, password: Self.password) }
        topology.users = []
        // What the broker's own tool does, without the second it takes to start.
        let text = String(decoding: try topology.definitions(), as: UTF8.self)
        try await broker.evaluate("ok = rabbit_definitions:import_raw(\(broker.erlang(binary: text)))")
    }

    func brokerConfiguration(
        user: String, password: String = password, port: UInt16? = nil
    ) -> ConnectionConfiguration {
        var configuration = ConnectionConfiguration(
            hosts: [.init(broker.host, port: port ?? broker.port)], virtualHost: virtualHost,
            credentials: .password(user: user, password: password), name: user)
        configuration.openTimeout = .seconds(60)
        return configuration
    }

    var configuration: ParticipantConfiguration {
        var configuration = ParticipantConfiguration(
            service: service, broker: brokerConfiguration(user: service),
            database: runtimeConfiguration)
        configuration.ladder = ladder
        return configuration
    }

    func participant(_ change: (inout ParticipantConfiguration) -> Void = { _ in }) throws -> Participant {
        var configuration = configuration
        change(&configuration)
        let telemetry = ParticipantTelemetry(log: Logger(level: .debug, sink: log), metrics: MetricRegistry())
        return try Participant(configuration, handlers: Bank.handlers, telemetry: telemetry)
    }

    /// Runs a participant beside `body`, and ends it in order afterwards.
    func whileRunning<Result>(_ participant: Participant, _ body: () async throws -> Result) async throws -> Result {
        let running = Task { try await participant.run() }
        let result: Result
        do {
            result = try await body()
        } catch {
            running.cancel()
            _ = await running.result
            for line in log.lines.suffix(40) { print(line, terminator: "") }
            throw error
        }
        running.cancel()
        if case .failure(let error) = await running.result, !(error is CancellationError) {
            Issue.record("the participant ended early: \(error)")
        }
        return result
    }
}

func writeFile(_ path: String, _ bytes: [UInt8]) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    try #require(write(descriptor, bytes, bytes.count) == bytes.count)
}
