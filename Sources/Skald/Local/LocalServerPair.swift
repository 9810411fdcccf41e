import AMQP
import LocalServers
import Messaging
import Orchestration

/// The broker and the database of a local system: private ones that end with it, or others that stay.
struct LocalServerPair: Sendable {
    private let broker: RabbitServer?
    private let cluster: PostgresCluster?
    let brokerAddress: BrokerAddress
    /// With the administrator's login.
    let databaseAddress: DatabaseAddress

    /// Starts what the plan does not name, both at once, and waits until they take connections or the task is cancelled.
    static func started(_ plan: LocalPlan, ports: SystemState.Ports?) async throws -> LocalServerPair {
        let brokerStart = Task { try await startBroker(plan, port: ports?.broker) }
        return try await withTaskCancellationHandler {
            try await started(plan, brokerStart, databasePort: ports?.database)
        } onCancel: {
            brokerStart.cancel()
        }
    }

    private static func started(
        _ plan: LocalPlan, _ brokerStart: Task<RabbitServer?, any Error>, databasePort: UInt16?
    ) async throws -> LocalServerPair {
        let cluster: PostgresCluster?
        do {
            cluster = try await startCluster(plan, port: databasePort)
        } catch {
            brokerStart.cancel()
            try? await brokerStart.value?.shutDown()
            throw error
        }
        do {
            return try LocalServerPair(plan, try await brokerStart.value, cluster)
        } catch {
            try? await cluster?.shutDown()
            throw error
        }
    }

    private init(_ plan: LocalPlan, _ broker: RabbitServer?, _ cluster: PostgresCluster?) throws {
        self.broker = broker
        self.cluster = cluster
        if let broker {
            brokerAddress = BrokerAddress(hosts: ["\(broker.host):\(broker.port)"])
            try OutputFile.write(broker.controlScript, to: plan.folder.controlPath, isExecutable: true)
        } else {
            brokerAddress = plan.broker ?? BrokerAddress(hosts: [])
        }
        if let cluster {
            databaseAddress = DatabaseAddress(
                host: cluster.host, port: Int(cluster.port), user: cluster.user, password: cluster.password)
        } else {
            databaseAddress = plan.database ?? DatabaseAddress(host: "", port: 0)
        }
    }

    /// The ports of the last time are taken again, so that what people wrote down stays true.
    private static func startBroker(_ plan: LocalPlan, port: UInt16?) async throws -> RabbitServer? {
        if plan.broker != nil { return nil }
        var options = RabbitOptions()
        let folder = try plan.folder.serverFolder("broker")
        // One that outlived its supervisor still has the port.
        try await ServerRecord.endServer(leftIn: folder)
        options.folder = folder
        options.port = port.flatMap { isLocalPortFree($0) ? $0 : nil }
        return try await RabbitServer.started(options)
    }

    private static func startCluster(_ plan: LocalPlan, port: UInt16?) async throws -> PostgresCluster? {
        if plan.database != nil { return nil }
        var options = PostgresOptions()
        let folder = try plan.folder.serverFolder("postgres")
        try await ServerRecord.endServer(leftIn: folder)
        options.folder = folder
        options.port = port.flatMap { isLocalPortFree($0) ? $0 : nil }
        return try await PostgresCluster.started(options)
    }

    var isBrokerPrivate: Bool { broker != nil }
    var isDatabasePrivate: Bool { cluster != nil }

    /// What has ended by itself, in words; nil while all is well.
    var trouble: String? {
        if let broker, !broker.isRunning { return "the broker has ended; its log is \(broker.logPath)" }
        if let cluster, !cluster.isRunning { return "the database has ended; its log is \(cluster.logPath)" }
        return nil
    }

    func shutDown() async throws {
        let brokerEnd = Task { try await broker?.shutDown() }
        try await cluster?.shutDown()
        try await brokerEnd.value
    }

    // MARK: What they must hold

    /// Makes queues, exchanges, users and their rights.
    func applyTopology(_ plan: LocalPlan, _ secrets: Secrets) async throws {
        let hashes = secrets.passwords.mapValues { BrokerPassword.hash(of: $0, salt: .random(in: 0 ... .max)) }
        if let broker {
            let version = try BrokerVersion(supported: try await broker.version())
            let topology = plan.system.topology(virtualHost: brokerAddress.virtualHost, version: version)
            let users = topology.users.map { Topology.User($0.name, tags: $0.tags, passwordHash: hashes[$0.name]) }
            var wanted = topology
            wanted.users = users
            try await broker.importDefinitions(try wanted.definitions())
            return
        }
        let change = try await change(plan)
        if let obstacle = change.obstacles.first {
            throw Failure(
                .unavailable, "the broker holds something that may lose messages: \(obstacle)",
                remedy: obstacle.remedy)
        }
        try await BrokerControl.process().importDefinitions(try change.definitions(passwordHashes: hashes))
    }

    /// What somebody else's broker holds, beside what it has to hold.
    func change(_ plan: LocalPlan) async throws -> TopologyChange {
        let found = try await BrokerControl.process().export()
        return TopologyChange(
            wanted: plan.system.topology(virtualHost: brokerAddress.virtualHost, version: found.version),
            found: try found.topology(virtualHost: brokerAddress.virtualHost))
    }

    /// Makes roles and databases.
    func applyRoles(_ plan: LocalPlan, _ secrets: Secrets) async throws {
        // A password is made of letters and digits, so psql takes it as it is.
        let settings = secrets.passwords.map { "\\set \($0.key)_password \($0.value)\n" }.joined()
        let script = Array((settings + plan.system.roles.script).utf8)
        let psql = Subprocess(
            ["psql", "-X", "-q", "-A", "-t"], input: script, environment: databaseAddress.environment)
        let result = try await psql.run()
        guard result.status == 0 else {
            throw Failure(
                .unavailable,
                "psql could not make roles and databases: \(String(decoding: result.errors, as: UTF8.self).firstLines(4))",
                remedy: "DATABASE_URL must name a superuser, or a role with CREATEROLE and CREATEDB.")
        }
    }
}
