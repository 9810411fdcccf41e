import AMQP
import Contracts
import Glibc
import LocalServers
import Messaging
import Orchestration
import Participant
import Postgres
import SagaFile
import Testing

@testable import Skald

/// The whole system: every service a process of its own, with its own database, role and broker user, on the run's servers.
///
/// One at a time, because roles and databases have the names they have everywhere.
final class Town: Sendable {
    static let services = ["order", "consumer", "kitchen", "accounting", "orchestrator"]
    static let root = #filePath.split(separator: "/").dropLast(4).reduce("") { $0 + "/" + $1 }

    let broker: RabbitServer
    let cluster: PostgresCluster
    let virtualHost: String
    let keeper: TownServices
    let client: TownClient
    /// Reads each database as its superuser.
    private let pools: [String: PostgresPool]

    /// Lends a system in which all services run and nothing has happened.
    ///
    /// - Parameter definitions: the folder of sagas that the broker's queues are made for.
    static func withTown(
        _ settings: [String: String] = [:], starting services: [String] = Town.services,
        definitions: String = Town.root + "/sagas", _ body: (Town) async throws -> Void
    ) async throws {
        let broker = try await SharedServers.rabbit()
        let cluster = try await SharedServers.postgres()
        try await broker.withVirtualHost { virtualHost in
            let town = try await Town(broker, cluster, virtualHost, settings, definitions)
            do {
                for service in services { try await town.keeper.start(service) }
                try await body(town)
            } catch {
                try await town.end(showingLogs: true)
                throw error
            }
            try await town.end(showingLogs: false)
        }
    }

    private init(
        _ broker: RabbitServer, _ cluster: PostgresCluster, _ virtualHost: String, _ settings: [String: String],
        _ definitions: String
    ) async throws {
        self.broker = broker
        self.cluster = cluster
        self.virtualHost = virtualHost
        try await Self.applyTopology(definitions, broker, virtualHost)
        try await Self.makeDatabases(cluster)
        keeper = try TownServices(broker, cluster, virtualHost, settings)
        for service in Self.services { try await keeper.migrate(service) }
        pools = Dictionary(
            uniqueKeysWithValues: Self.services.map { service in
                var configuration = PostgresConfiguration(
                    host: cluster.socketFolder, port: Int(cluster.port), database: service, user: cluster.user,
                    tls: .disabled)
                configuration.timeouts.acquire = .seconds(30)
                return (service, PostgresPool(configuration))
            })
        client = try await TownClient(broker, virtualHost)
    }

    private func end(showingLogs: Bool) async throws {
        await client.close()
        try await keeper.end(showingLogs: showingLogs)
        for pool in pools.values { pool.close() }
    }

    func database(_ service: String) throws -> PostgresPool { try #require(pools[service]) }

    // MARK: What the servers need

    static let password = "secret"

    private static func applyTopology(
        _ definitions: String, _ broker: RabbitServer, _ virtualHost: String
    ) async throws {
        var topology = try DeclaredSystem(folder: definitions).topology(virtualHost: virtualHost)
        for user in topology.users { try await broker.addUser(user.name, password: password) }
        // A file without password hashes would take the passwords away.
        topology.users = []
        let path = "/tmp/skald-town-\(virtualHost).json"
        let file = try #require(fopen(path, "w"))
        let bytes = try topology.definitions()
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
        defer { unlink(path) }
        _ = try await broker.ctl(["import_definitions", path])
    }

    private static func makeDatabases(_ cluster: PostgresCluster) async throws {
        let roles = DatabaseRoles(services: services)
        for statement in roles.roleStatements { try await cluster.psql(statement) }
        for service in services {
            try await cluster.dropDatabase(service)
            try await cluster.psql(roles.databaseCreation(of: service).create)
            try await cluster.psql(roles.grantStatements(of: service).joined(separator: ";\n"), in: service)
        }
    }
}

/// Looks again and again until it is so.
func waitUntil(
    _ what: String, within limit: Duration = .seconds(60), _ look: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
        if try await look() { return }
        // Allowed (test-sleep): a pause between two looks, with a deadline around it.
        try await Task.sleep(for: .milliseconds(20))
    }
    throw NotSoInTime(what: what, limit: limit)
}

struct NotSoInTime: Error, CustomStringConvertible {
    let what: String
    let limit: Duration

    var description: String { "not within \(limit): \(what)" }
}
