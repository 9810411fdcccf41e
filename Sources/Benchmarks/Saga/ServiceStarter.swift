import Glibc
internal import LocalServers

/// Starts the executables of the services with what they are told by their environment.
struct ServiceStarter {
    let name: String
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
                [ServiceExecutable.path(of: service)] + words, environment: environment, folder: folder, logPath: log),
            by: owner)
    }

    /// What a service writes: while it migrates, and while it serves.
    static func logs(of service: String, in folder: String) -> [String] {
        ["\(folder)/\(service).migrate.log", "\(folder)/\(service).log"]
    }
}

/// The programs of the services, built beside this one.
enum ServiceExecutable {
    static func path(of service: String) -> String {
        var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = max(0, readlink("/proc/self/exe", &bytes, bytes.count))
        let own = String(decoding: bytes.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let folder = own.lastIndex(of: "/").map { own[...$0] } ?? ""
        return "\(folder)\(service.prefix(1).uppercased())\(service.dropFirst())Service"
    }

    /// - Throws: when one is not built, with what builds it.
    static func check(_ services: [String]) throws {
        guard let missing = services.map(path).first(where: { access($0, X_OK) != 0 }) else { return }
        throw BaselineFailure(
            description: "\(missing) is missing; the services run as processes of their own: `make bench` builds them")
    }
}
