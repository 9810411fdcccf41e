import Glibc
import Telemetry

/// A private Postgres cluster with durability on (`fsync`), on a socket of its own and a port on loopback.
///
/// It ends with the process that made it, however that ends. Data and port survive `stop` and `kill`, so that a test
/// can bring the same cluster back. Over the socket, which only its own user and root can reach, nobody needs a
/// password; over TCP everybody does.
package final class PostgresCluster: Sendable {
    /// How a running cluster is ended.
    package enum StopMode: Sendable {
        /// Open transactions are rolled back, data is written out. SIGINT.
        case fast
        /// Everything is dropped; the next start recovers from the log. SIGQUIT.
        case immediate
        /// The postmaster is killed and notices nothing. SIGKILL.
        case kill

        var signal: Int32 {
            switch self {
            case .fast: SIGINT
            case .immediate: SIGQUIT
            case .kill: SIGKILL
            }
        }
    }

    package let host = "127.0.0.1"
    package var port: UInt16 { reservation.port }
    /// The folder of the socket: what libpq calls the host.
    package let socketFolder: String
    /// The superuser.
    package let user = "postgres"
    package let password: String
    /// What the cluster wrote, in all its starts; what is older than the last megabytes lies beside it, as `.1`.
    package var logPath: String { folder.path(of: PostgresFiles.log) }

    let folder: ServerFolder
    let installation: PostgresInstallation
    private let options: PostgresOptions
    private let reservation: PortReservation
    private let watchdog: Watchdog
    private let server = Lock<ChildProcess?>(nil)

    /// Lays out the data of a cluster that is not started yet.
    private init(_ options: PostgresOptions) throws {
        let installation = try PostgresInstallation.find()
        let watchdog = try Watchdog()
        let folder: ServerFolder
        if let path = options.folder {
            folder = try .kept(at: path, for: installation.account)
            try ServerRecord.endLeftServer(in: path)
        } else {
            folder = try .temporary("postgres", for: installation.account, removedBy: watchdog)
        }
        socketFolder = try PostgresFiles.socketFolder(beside: folder, watchdog)
        password = try PostgresFiles.password(in: folder)
        reservation = try .wanted(options.port, by: "Postgres cluster")
        self.installation = installation
        self.watchdog = watchdog
        self.folder = folder
        self.options = options
        if access(folder.path(of: "\(PostgresFiles.data)/PG_VERSION"), F_OK) != 0 {
            try PostgresTemplate(installation: installation).copy(
                to: folder.path(of: PostgresFiles.data), isDurable: options.folder != nil)
        }
        try PostgresFiles.writeConfiguration(of: self, options, in: folder)
    }

    /// How long a cluster may take to write everything out once it was asked to end.
    package static let endLimit = Duration.seconds(60)

    /// Starts a cluster and waits until it takes connections.
    package static func started(_ options: PostgresOptions = PostgresOptions()) async throws -> PostgresCluster {
        try await onOwnThreadUntilCancelled { flag in
            let cluster = try PostgresCluster(options)
            try cluster.startServer(flag)
            try cluster.setPassword()
            return cluster
        }
    }

    /// Whether the postmaster is alive.
    package var isRunning: Bool { processID != nil }

    /// The postmaster's process id while it runs.
    package var processID: Int32? { server.withLock { $0.flatMap { $0.poll() == nil ? $0.pid : nil } } }

    /// Starts the stopped cluster again, on the same port and data.
    package func start() async throws {
        try await onOwnThreadUntilCancelled { flag in try self.startServer(flag) }
    }

    /// Ends the server; the data stays.
    package func stop(_ mode: StopMode = .fast) async throws {
        try await onOwnThread { self.endServer(mode) }
    }

    /// Ends and starts the server on the same port and data.
    package func restart(_ mode: StopMode = .fast) async throws {
        try await stop(mode)
        try await start()
    }

    /// Ends everything and removes a throw-away folder. The cluster cannot be used after it.
    package func shutDown() async throws {
        try await onOwnThread {
            self.endServer(self.options.folder == nil ? .immediate : .fast)
            self.watchdog.end()
        }
    }

    // MARK: Start and end, on a thread that may block

    private func startServer(_ flag: CancellationFlag) throws {
        try server.withLock { server in
            if let server, server.poll() == nil { return }
            try removeStaleLocks()
            let log = try ServerLog(beforeStart: logPath)
            let started = try ChildProcess.start(
                launch(), under: watchdog, endedBy: farewell, notedIn: options.folder == nil ? nil : folder)
            server = started
            do {
                try waitUntilReady(started, log, flag)
            } catch {
                started.stop(with: SIGQUIT, within: .seconds(10))
                // What is needed to find the reason stays on disk.
                if options.folder == nil {
                    _ = watchdog.keep(folder.path)
                    _ = watchdog.remove(folder.path(of: PostgresFiles.data))
                }
                throw error
            }
        }
    }

    private func removeStaleLocks() throws {
        let data = folder.path(of: PostgresFiles.data)
        for path in ["\(data)/postmaster.pid", "\(socketFolder)/.s.PGSQL.\(port).lock"] {
            try PostmasterLock(path: path, data: data).removeIfStale()
        }
    }

    private func endServer(_ mode: StopMode) {
        server.withLock { server in
            guard let running = server else { return }
            let backends = ProcessTable.children(of: running.pid)
            running.stop(with: mode.signal, within: Self.endLimit)
            // Backends outlive a killed postmaster for a moment, and no new one may start beside them.
            ProcessTable.end(backends, within: .seconds(10))
            server = nil
        }
    }

    /// Also a throw-away cluster is told to quit rather than killed: that frees its System V shared memory.
    private var farewell: Watchdog.Farewell {
        options.folder == nil
            ? .init(signal: SIGQUIT, grace: .seconds(10)) : .init(signal: SIGINT, grace: .seconds(30))
    }

    private func launch() -> Launch {
        let arguments = [
            installation.program("postgres"), "-D", folder.path(of: PostgresFiles.data),
            "-c", "config_file=\(folder.path(of: PostgresFiles.configuration))",
            "-c", "hba_file=\(folder.path(of: PostgresFiles.access))",
        ]
        return Launch(
            arguments: installation.account.prefix + arguments,
            environment: ["PATH": Account.searchPath, "LC_ALL": "C.UTF-8", "HOME": folder.path],
            folder: folder.path, output: .file(logPath), errorOutput: .file(logPath))
    }

    private func waitUntilReady(_ server: ChildProcess, _ log: ServerLog, _ flag: CancellationFlag) throws {
        let deadline = Deadline(after: options.startLimit)
        let ready = try deadline.poll(every: .milliseconds(10)) { () throws -> Bool? in
            try flag.check()
            if let exit = server.poll() { throw failure("it ended with \(exit) while starting", log) }
            return Probe.takesPostgresConnections(socket: "\(socketFolder)/.s.PGSQL.\(port)") ? true : nil
        }
        guard ready != nil else { throw failure("it took no connection within \(deadline.limit)", log) }
    }

    private func setPassword() throws {
        let sql = "ALTER ROLE postgres PASSWORD :'password'"
        _ = try query(sql, ["password": password], over: connectionString(database: "postgres")).output()
    }

    private func failure(_ problem: String, _ log: ServerLog) -> LocalServerError {
        LocalServerError(
            .startFailed, subject: "Postgres cluster on port \(port)",
            problem: "\(problem); its last words were:\n\(log.lastLines(12))\n",
            remedy: "read the log; a machine short of memory, disk or time needs a longer start limit", logPath: logPath
        )
    }
}
