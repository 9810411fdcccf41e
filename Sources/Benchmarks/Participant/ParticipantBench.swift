internal import AMQP
import Glibc
internal import LocalServers
internal import Messaging
internal import Participant
internal import Postgres
internal import Telemetry

/// Broker, cluster and participant of the benchmark, each a process; and the side that sends commands and takes replies.
final class ParticipantBench: Sendable {
    let broker: RabbitServer
    let cluster: PostgresCluster
    let worker: WorkerProcess
    private let publisher: Publisher
    private let replies: Consumer
    private let connections: [Connection]
    private let ids = UUIDv7Source(now: { Logger.wallClockMilliseconds() })

    private static let password = "bench"
    /// The size of a command's body in bytes.
    static let bodySize = 512
    static let window = 1_000

    init(_ broker: RabbitServer, _ cluster: PostgresCluster) async throws {
        self.broker = broker
        self.cluster = cluster
        try await Self.prepare(broker, cluster)
        worker = try await WorkerProcess([
            "AMQP_URL": "amqp://\(BenchService.name):\(Self.password)@127.0.0.1:\(broker.port)/",
            "DATABASE_URL":
                "postgres://\(cluster.user)@/\(BenchService.name)?host=\(cluster.socketFolder)&port=\(cluster.port)"
                + "&sslmode=disable",
            "LOG_LEVEL": "error",
        ])
        let publishing = try await Connection.connect(Self.connection(broker))
        let consuming = try await Connection.connect(Self.connection(broker))
        connections = [publishing, consuming]
        var options = PublisherOptions()
        options.windowCountMax = Self.window
        publisher = try await publishing.makePublisher(options)
        replies = try await consuming.consume(TopologyNames.replyQueue(of: TopologyNames.orchestrator))
    }

    private static func connection(_ broker: RabbitServer) -> ConnectionConfiguration {
        ConnectionConfiguration(
            hosts: [.init(broker.host, port: broker.port)],
            credentials: .password(user: TopologyNames.orchestrator, password: password), name: "skald-bench")
    }

    /// Topology, users, database and tables, as `skald topology apply` and the service's `migrate` make them.
    private static func prepare(_ broker: RabbitServer, _ cluster: PostgresCluster) async throws {
        var topology = Messaging.Topology(services: [
            .orchestrator(subscriptions: []), ServiceDeclaration(name: BenchService.name),
        ])
        for user in topology.users { try await broker.addUser(user.name, password: password) }
        // A file without password hashes would take the passwords away.
        topology.users = []
        let definitions = String(decoding: try topology.definitions(), as: UTF8.self)
        try await broker.evaluate("ok = rabbit_definitions:import_raw(\(broker.erlang(binary: definitions)))")
        _ = try await cluster.createDatabase(BenchService.name)
        let pool = PostgresPool(
            PostgresConfiguration(
                host: cluster.socketFolder, port: Int(cluster.port), database: BenchService.name, user: cluster.user,
                tls: .disabled))
        defer { pool.close() }
        try await pool.migrate(ParticipantSchema.set, ParticipantSchema.migrations)
        try await pool.migrate(BenchService.name, BenchService.migrations)
    }

    func close() async throws {
        try await worker.stop()
        for connection in connections { await connection.close(gracePeriod: .seconds(5)) }
    }

    /// So many commands, made before the clock runs: what makes them is not what is measured.
    func commands(_ count: Int) throws -> [Publication] { try (0..<count).map(command) }

    /// Sends commands under the window and waits for as many replies.
    func run(_ publications: [Publication]) async throws {
        async let sent = publisher.publish(contentsOf: publications)
        try await takeReplies(publications.count)
        for outcome in await sent { if let error = outcome.error { throw error } }
    }

    /// Sends one command after the other and takes how long each reply took.
    func runOneByOne(_ count: Int) async throws -> [Duration] {
        var latencies: [Duration] = []
        for number in 0..<count {
            let publication = try command(number)
            let start = ContinuousClock.now
            async let outcome = publisher.outcome(of: publication)
            try await takeReplies(1)
            latencies.append(ContinuousClock.now - start)
            if let error = await outcome.error { throw error }
        }
        return latencies
    }

    private func takeReplies(_ count: Int) async throws {
        var remaining = count
        while remaining > 0 {
            let batch = await replies.nextBatch(countMax: remaining)
            guard !batch.isEmpty else { throw BaselineFailure(description: "the replies ended early") }
            for delivery in batch { delivery.ack() }
            remaining -= batch.count
        }
    }

    private func command(_ number: Int) throws -> Publication {
        let id = ids.next()
        let envelope = Envelope(
            id: id, type: BenchService.Add.messageType, source: "/orchestrator", correlationID: id.description,
            replyTo: TopologyNames.orchestrator, appID: TopologyNames.orchestrator,
            userID: TopologyNames.orchestrator,
            step: StepReference(step: "add", direction: .forward, number: 1))
        let body = BenchService.Add(
            account: "a\(number % BenchService.accountCount)", amount: 1,
            note: String(repeating: "n", count: Self.bodySize - 48))
        return Publication(
            envelope.message(body: try JSON.encode(body)).amqp, to: TopologyNames.commands,
            routingKey: BenchService.name)
    }

    /// What each process has used so far.
    func processorTimes() -> [String: Duration] {
        [
            "generator": ProcessorTime.ofThisProcess(),
            "participant": ProcessorTime.ofProcess(worker.processID) ?? .zero,
            "broker": broker.processID.flatMap(ProcessorTime.ofProcess) ?? .zero,
            "postgres": cluster.processID.map(ProcessorTime.ofChildren) ?? .zero,
        ]
    }
}

extension ProcessorTime {
    /// Of the living children of a process together: those of the database's postmaster are its servers.
    static func ofChildren(_ parent: pid_t) -> Duration {
        let children = ProcFile.read("/proc/\(parent)/task/\(parent)/children").split(separator: " ")
        return children.compactMap { pid_t($0).flatMap(ofProcess) }.reduce(.zero, +)
    }
}
