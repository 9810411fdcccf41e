internal import AMQP
import Glibc
internal import LocalServers
internal import Messaging
internal import Orchestration
internal import Postgres

/// The whole system, every service a process of its own, with its own database and broker user.
final class SagaSystem: Sendable {
    let broker: RabbitServer
    let cluster: PostgresCluster
    /// Its virtual host, and what its databases' names begin with.
    let name: String
    let services: [String]
    private let owner: LocalProcessOwner
    private let folder: String
    private let running: [String: LocalProcess]

    private static let password = "bench"
    /// The queue on which the benchmark hears how orders end, and the user that reads it.
    static let watcher = "bench"

    /// Lends a system in which all services run.
    ///
    /// - Parameter programs: what its services are.
    static func lend<Result>(
        _ name: String, of programs: SagaPrograms = .delivered, on broker: RabbitServer, _ cluster: PostgresCluster,
        _ body: (SagaSystem) async throws -> Result
    ) async throws -> Result {
        let system = try await SagaSystem(name, programs, broker, cluster)
        do {
            let result = try await body(system)
            try await system.end()
            system.removeLogs()
            return result
        } catch {
            Progress.say("the services' logs are in \(system.folder)")
            try? await system.end()
            throw error
        }
    }

    private init(
        _ name: String, _ programs: SagaPrograms, _ broker: RabbitServer, _ cluster: PostgresCluster
    ) async throws {
        self.name = name
        self.broker = broker
        self.cluster = cluster
        let declared = DeclaredSystem(try ShippedSagas.library())
        let services = declared.services.map(\.name)
        self.services = services
        try programs.check(services)
        try await Self.prepare(declared.topology(virtualHost: name), on: broker)
        owner = try LocalProcessOwner()
        folder = "/tmp/skald-bench-\(getpid())-\(name)"
        guard mkdir(folder, 0o755) == 0 else {
            throw BaselineFailure(description: "mkdir \(folder): \(String(cString: strerror(errno)))")
        }
        var running: [String: LocalProcess] = [:]
        let starter = ServiceStarter(
            name: name, programs: programs, broker: broker, cluster: cluster, owner: owner, folder: folder)
        for service in services {
            _ = try await cluster.createDatabase("\(name)_\(service)")
            if programs == .delivered { try await starter.migrate(service, password: Self.password) }
        }
        for service in services { running[service] = try await starter.start(service, password: Self.password) }
        self.running = running
    }

    /// Queues, users and rights as `skald topology apply` makes them, and the watcher's own.
    private static func prepare(_ declared: Messaging.Topology, on broker: RabbitServer) async throws {
        var topology = declared
        // It only watches: a quorum queue would add its log to the work that is measured.
        topology.queues.append(.init(watcher, type: "classic"))
        for event in ["order.approved", "order.rejected"] {
            topology.bindings.append(.init(exchange: TopologyNames.events, queue: watcher, routingKey: event))
        }
        topology.bindings.append(.init(exchange: TopologyNames.replies, queue: watcher, routingKey: watcher))
        topology.permissions.append(.init(user: watcher, configure: "^$", write: "^$", read: "^\(watcher)$"))
        for user in topology.users.map(\.name) + [watcher] { try await broker.addUser(user, password: password) }
        // A file without password hashes would take the passwords away.
        topology.users = []
        _ = try await broker.makeVirtualHost(topology.virtualHost)
        try await broker.importDefinitions(try topology.definitions())
    }

    func connection(as user: String) -> ConnectionConfiguration {
        ConnectionConfiguration(
            hosts: [.init(broker.host, port: broker.port)], virtualHost: name,
            credentials: .password(user: user, password: Self.password), name: "skald-bench")
    }

    func database(of service: String) -> String { "\(name)_\(service)" }

    /// What each process has used so far; `postgres` is all servers of the cluster.
    func processorTimes() -> [String: Duration] {
        var times = running.compactMapValues { ProcessorTime.ofProcess($0.processID) }
        times["generator"] = ProcessorTime.ofThisProcess()
        times["broker"] = broker.processID.flatMap(ProcessorTime.ofProcess)
        times["postgres"] = cluster.processID.map { ProcessorTime.ofChildren($0) + ProcessorTime.ofReapedChildren($0) }
        return times
    }

    /// The first service that has ended by itself, in words.
    var trouble: String? {
        running.lazy.compactMap { name, process in process.end.map { "\(name) has ended with \($0)" } }.first
    }

    private func end() async throws {
        for process in running.values { try await process.stop() }
        try await owner.end()
    }

    private func removeLogs() {
        for log in services.flatMap({ ServiceStarter.logs(of: $0, in: folder) }) { unlink(log) }
        rmdir(folder)
    }
}
