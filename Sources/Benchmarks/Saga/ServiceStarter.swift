import Glibc
internal import LocalServers

/// Starts the executables of the services with what they are told by their environment.
struct ServiceStarter {
    let name: String
    let programs: SagaPrograms
    let broker: RabbitServer
    let cluster: PostgresCluster
    let owner: LocalProcessOwner
    let folder: String

    /// Brings a service's database up to date.
    func migrate(_ service: String, password: String) async throws {
        let process = try await start(service, ["migrate"], log: Self.logs(of: service, in: folder)[0], password)
        while process.end == nil { try await Task.sleep(for: .milliseconds(5)) }
        guard process.endedWell else {
            throw BaselineFailure(
                description: "\(service) migrate ended with \(process.end ?? ""); see \(folder)")
        }
    }

    func start(_ service: String, password: String) async throws -> LocalProcess {
        try await start(service, [], log: Self.logs(of: service, in: folder)[1], password)
    }

    private func start(
        _ service: String, _ words: [String], log: String, _ password: String
    ) async throws -> LocalProcess {
        let environment = [
            "AMQP_URL": "amqp://\(service):\(password)@\(broker.host):\(broker.port)/\(name)",
            "DATABASE_URL": "postgres://\(cluster.user)@/\(name)_\(service)?host=\(cluster.socketFolder)"
                + "&port=\(cluster.port)&sslmode=disable",
            "SKALD_SAGAS": ShippedSagas.absoluteFolder, "KITCHEN_STEP_MILLISECONDS": "off", "LOG_LEVEL": "warning",
            "PATH": "/usr/bin:/bin",
        ]
        return try await LocalProcess.started(
            LocalProcess.Program(
                programs.words(of: service) + words, environment: environment, folder: folder, logPath: log),
            by: owner)
    }

    /// What a service writes: while it migrates, and while it serves.
    static func logs(of service: String, in folder: String) -> [String] {
        ["\(folder)/\(service).migrate.log", "\(folder)/\(service).log"]
    }
}
