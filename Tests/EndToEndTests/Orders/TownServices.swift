import Glibc
import LocalServers
import Messaging
import Telemetry
import Testing

@testable import Skald

/// Starts and ends the services' processes.
final class TownServices: Sendable {
    private struct Running {
        var process: LocalProcess
        var log: String
    }

    private let broker: RabbitServer
    private let cluster: PostgresCluster
    private let virtualHost: String
    private let settings: [String: String]
    private let owner: LocalProcessOwner
    private let folder: String
    private let running = Lock<[String: Running]>([:])

    init(
        _ broker: RabbitServer, _ cluster: PostgresCluster, _ virtualHost: String, _ settings: [String: String]
    ) throws {
        self.broker = broker
        self.cluster = cluster
        self.virtualHost = virtualHost
        self.settings = settings
        owner = try LocalProcessOwner()
        folder = "/tmp/skald-town-\(virtualHost)"
        try #require(mkdir(folder, 0o755) == 0)
    }

    /// Brings a service's database up to date, as its owner.
    func migrate(_ service: String) async throws {
        let log = "\(folder)/\(service).migrate.log"
        let process = try await start(service, ["migrate"], role: service + "_owner", instance: service, log: log)
        try await waitUntil("\(service) is migrated") { process.end != nil }
        #expect(process.endedWell, "\(text(of: log))")
    }

    /// Starts a service; further processes of it have names of their own.
    ///
    /// - Parameter settings: added to those of the town.
    func start(_ service: String, as name: String? = nil, _ settings: [String: String] = [:]) async throws {
        let name = name ?? service
        let log = "\(folder)/\(name).log"
        let process = try await start(
            service, [], role: service, instance: "\(service)/\(name)", log: log, settings: settings)
        running.withLock { $0[name] = Running(process: process, log: log) }
    }

    private func start(
        _ service: String, _ words: [String], role: String, instance: String, log: String,
        settings added: [String: String] = [:]
    ) async throws -> LocalProcess {
        let vhost = virtualHost.replacing("/", with: "%2f")
        var environment = [
            "AMQP_URL": "amqp://\(service):\(Town.password)@\(broker.host):\(broker.port)/\(vhost)",
            "DATABASE_URL":
                "postgres://\(role)@/\(service)?host=\(cluster.socketFolder)&port=\(cluster.port)&sslmode=disable",
            "SKALD_INSTANCE": instance, "SKALD_SAGAS": Town.root + "/sagas", "KITCHEN_STEP_MILLISECONDS": "off",
            "LOG_LEVEL": "debug", "PATH": "/usr/bin:/bin",
        ]
        environment.merge(settings) { $1 }
        environment.merge(added) { $1 }
        let program = OwnProgram.neighbour("\(service.prefix(1).uppercased())\(service.dropFirst())Service")
        return try await LocalProcess.started(
            LocalProcess.Program([program] + words, environment: environment, folder: folder, logPath: log), by: owner)
    }

    /// Runs the operators' tool on this town's servers, to its end, with its own user and the role that only reads.
    func skald(_ words: [String]) async throws -> ToolRun {
        let control = folder + "/rabbitmqctl"
        try OutputFile.write(broker.controlScript, to: control, isExecutable: true)
        let environment = addresses.merging(
            ["RABBITMQCTL": control, "PATH": "/usr/local/bin:/usr/bin:/bin"]) { $1 }
        return try await ToolRun.ended(
            [OwnProgram.neighbour("skald")] + words, environment: environment, folder: Town.root, at: folder + "/skald",
            by: owner)
    }

    /// Where the servers are, as the operators' tool is told.
    private var addresses: [String: String] {
        let broker = "\(broker.host):\(broker.port)/\(virtualHost.replacing("/", with: "%2f"))"
        let cluster = "host=\(cluster.socketFolder)&port=\(cluster.port)&sslmode=disable"
        return [
            "AMQP_URL": "amqp://\(TopologyNames.tool):\(Town.password)@\(broker)",
            "DATABASE_URL": "postgres://\(DatabaseRoles.reader)@/postgres?\(cluster)",
        ]
    }

    var surroundings: Surroundings { Surroundings { [addresses] in addresses[$0] } }

    private func process(_ name: String) throws -> LocalProcess {
        try #require(running.withLock { $0[name]?.process }, "\(name) was never started")
    }

    /// Asks a process to end and waits until it has, in order.
    func stop(_ name: String) async throws {
        let process = try process(name)
        try await process.stop()
        #expect(process.endedWell, "\(name) ended with \(process.end ?? "nothing")")
    }

    /// Ends a process as a power cut does.
    func kill(_ name: String) async throws {
        let process = try process(name)
        Glibc.kill(process.processID, SIGKILL)
        try await waitUntil("\(name) is gone") { process.end != nil }
    }

    /// Halts a process, so that it neither answers nor ends.
    func suspend(_ name: String) throws { Glibc.kill(try process(name).processID, SIGSTOP) }
    func resume(_ name: String) throws { Glibc.kill(try process(name).processID, SIGCONT) }

    func log(_ name: String) -> String { running.withLock { $0[name]?.log }.map(text) ?? "" }

    func end(showingLogs: Bool) async throws {
        let all = running.withLock { $0 }
        for process in all.values.map(\.process) where process.end == nil {
            Glibc.kill(process.processID, SIGCONT)
            try await process.stop()
        }
        if showingLogs {
            for (name, running) in all.sorted(by: { $0.key < $1.key }) {
                print("--- \(name)\n" + text(of: running.log).split(separator: "\n").suffix(60).joined(separator: "\n"))
            }
        }
        try await owner.end()
        if !showingLogs { removeFolder() }
    }

    private func removeFolder() {
        guard let stream = opendir(folder) else { return }
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            unlink("\(folder)/\(name)")
        }
        closedir(stream)
        rmdir(folder)
    }
}
