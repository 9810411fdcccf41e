import AMQP
import LocalServers
import Postgres

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Broker and database: those that the environment names, or what private ones need of this machine.
extension Examination {
    /// A server that is there answers much sooner.
    private static let connectTimeout = Duration.seconds(4)

    func servers() async -> [ExaminationFinding] {
        async let broker = brokerFindings()
        async let database = databaseFindings()
        return await broker + database
    }

    private func installed(_ part: LocalInstallation.Part) -> ExaminationFinding {
        switch part.state {
        case .found(let version): .well(part.name, version)
        case .missing(let error): .ill(part.name, error.problem, error.remedy)
        }
    }

    // MARK: AMQP_URL

    private func brokerFindings() async -> [ExaminationFinding] {
        guard let url = environment("AMQP_URL") else { return [installed(LocalInstallation.broker())] }
        return [await broker(url), control()]
    }

    private func broker(_ url: String) async -> ExaminationFinding {
        do {
            var configuration = try ConnectionConfiguration(url: url, name: "skald doctor")
            configuration.connectTimeout = Self.connectTimeout
            configuration.openTimeout = Self.connectTimeout
            let connection = try await Connection.connect(configuration)
            await connection.close(gracePeriod: .seconds(2))
            return .well("AMQP_URL", "logs in at \(configuration.hosts.map(\.description).joined(separator: ", "))")
        } catch {
            return .ill("AMQP_URL", error.message, Self.remedy(error.code))
        }
    }

    private static func remedy(_ code: AMQPError.Code) -> String {
        switch code {
        case .invalidArgument: "Give it as amqp://user:password@host:port/virtual-host."
        case .authenticationFailed: "Correct user and password; the broker's log says who was refused."
        case .virtualHostNotFound, .accessRefused:
            "Correct the virtual host, or give the user its rights there with rabbitmqctl set_permissions."
        case .tlsFailed: "Correct the certificates, or take amqp:// where the broker speaks no TLS."
        default: "Start the broker, or correct host and port; unset AMQP_URL to have a private broker."
        }
    }

    /// The broker's own tool, which makes queues and users there.
    private func control() -> ExaminationFinding {
        let words = environment("RABBITMQCTL") ?? "rabbitmqctl"
        return program(
            words.split(separator: " ").first.map(String.init) ?? "rabbitmqctl",
            "Install it, or set RABBITMQCTL to the command that administers the broker.")
    }

    // MARK: DATABASE_URL

    private func databaseFindings() async -> [ExaminationFinding] {
        guard let url = environment("DATABASE_URL") else { return [installed(LocalInstallation.database())] }
        return [await database(url), program("psql", "Install the Debian package postgresql-client.")]
    }

    private func database(_ url: String) async -> ExaminationFinding {
        do {
            var configuration = try DatabaseAddress(url: url).configuration
            configuration.timeouts.connect = Self.connectTimeout
            configuration.timeouts.acquire = Self.connectTimeout
            configuration.timeouts.statement = Self.connectTimeout
            let pool = PostgresPool(configuration)
            defer { pool.close() }
            let version = try await pool.query("SHOW server_version").only().decode(String.self, at: 0)
            return .well("DATABASE_URL", "logs in as \(configuration.user), Postgres \(version)")
        } catch let failure as Failure {
            return .ill("DATABASE_URL", failure.message, failure.remedy ?? "")
        } catch let error as PostgresError {
            // The pool tries again until its time is over; what it met says more.
            let met = error.cause ?? error
            return .ill("DATABASE_URL", (met.server?.message ?? "\(met)").firstLines(1), Self.remedy(met.code))
        } catch {
            return .ill("DATABASE_URL", "\(error)", Self.remedy(.connectionFailed))
        }
    }

    private static func remedy(_ code: PostgresError.Code) -> String {
        code == .authenticationFailed
            ? "Correct role, password and database, or allow them in pg_hba.conf."
            : "Start the server, or correct host and port; unset DATABASE_URL to have a private one."
    }

    // MARK: Programs

    private func program(_ name: String, _ remedy: String) -> ExaminationFinding {
        let folders = name.contains("/") ? [""] : (environment("PATH") ?? "").split(separator: ":").map { "\($0)/" }
        guard let folder = folders.first(where: { access($0 + name, X_OK) == 0 }) else {
            return .ill(name, "the program is not there", remedy)
        }
        return .well(name, folder + name)
    }
}
