import Glibc
import Telemetry

/// A private RabbitMQ broker: own node name, cookie, ports, name service (epmd) and data folder, all on loopback.
///
/// It clashes with no other broker on the machine and needs no rights beyond those of its caller. It ends with the
/// process that made it, however that ends. Data and ports survive `stop` and `kill`, so that a test can bring the same
/// broker back.
package final class RabbitServer: Sendable {
    package let host = "127.0.0.1"
    package let port: UInt16
    package let user = "administrator"
    package let password: String
    /// The Erlang node, for instance `skald-1f3k@localhost`.
    package let nodeName: String
    /// What the broker wrote, in all its starts; what is older than the last megabytes lies beside it, as `.1`.
    package var logPath: String { folder.path(of: RabbitFiles.log) }
    /// The TLS side, when asked for.
    package let tls: RabbitTLS?

    let folder: ServerFolder
    let ports: RabbitPorts
    private let options: RabbitOptions
    private let watchdog: Watchdog
    private let processes = Lock(Processes())

    private struct Processes {
        var nameService: ChildProcess?
        var broker: ChildProcess?
    }

    /// Lays out the folder of a broker that is not started yet.
    private init(_ options: RabbitOptions) throws {
        try RabbitInstallation.check()
        let account = Account.server(packageUser: "rabbitmq") ?? .current
        let watchdog = try Watchdog()
        let ports = try RabbitPorts(options)
        let folder: ServerFolder
        if let path = options.folder {
            folder = try .kept(at: path, for: account)
            try ServerRecord.endLeftServer(in: path)
        } else {
            folder = try .temporary("rabbitmq", for: account, removedBy: watchdog)
        }
        let identity = try RabbitFiles.identity(in: folder)
        nodeName = identity.nodeName
        password = identity.password
        tls = try ports.tls.map { try RabbitTLS.make(port: $0.port, for: options.tls ?? .init(), in: folder) }
        port = ports.amqp.port
        self.watchdog = watchdog
        self.folder = folder
        self.ports = ports
        self.options = options
        try RabbitFiles.writeConfiguration(of: self, options, in: folder)
    }

    /// How long a broker may take to write everything down once it was asked to end.
    package static let endLimit = Duration.seconds(30)

    /// Starts a new broker and waits until it speaks AMQP and each of its quorum queues has a leader.
    package static func started(_ options: RabbitOptions = RabbitOptions()) async throws -> RabbitServer {
        try await onOwnThreadUntilCancelled { flag in
            let server = try RabbitServer(options)
            try server.startBroker(flag)
            return server
        }
    }

    /// Whether the broker's process is alive.
    package var isRunning: Bool { processes.withLock { $0.broker.map { $0.poll() == nil } ?? false } }

    /// The broker's process id while it runs.
    package var processID: Int32? { processes.withLock { $0.broker.flatMap { $0.poll() == nil ? $0.pid : nil } } }

    /// Starts the stopped broker again, on the same ports and data.
    package func start() async throws {
        try await onOwnThreadUntilCancelled { flag in try self.startBroker(flag) }
    }

    /// Stops the broker as an administrator would: connections are closed with a word, data is synced.
    package func stop() async throws {
        try await onOwnThread { self.endBroker(with: SIGTERM) }
    }

    /// Kills the broker without warning.
    package func kill() async throws {
        try await onOwnThread { self.endBroker(with: SIGKILL) }
    }

    /// Stops and starts the broker on the same ports and data.
    package func restart() async throws {
        try await stop()
        try await start()
    }

    /// Ends everything and removes a throw-away folder. The server cannot be used after it.
    package func shutDown() async throws {
        try await onOwnThread {
            self.processes.withLock { processes in
                processes.broker?.stop(with: self.options.folder == nil ? SIGKILL : SIGTERM, within: Self.endLimit)
                processes.nameService?.stop(with: SIGTERM, within: .seconds(5))
            }
            self.watchdog.end()
        }
    }

    // MARK: Start and end, on a thread that may block

    private func startBroker(_ flag: CancellationFlag) throws {
        try processes.withLock { processes in
            if let broker = processes.broker, broker.poll() == nil { return }
            let log = try ServerLog(beforeStart: logPath)
            if processes.nameService?.poll() != nil || processes.nameService == nil {
                processes.nameService = try startNameService(log)
            }
            let broker = try ChildProcess.start(
                RabbitInstallation.brokerLaunch(for: self), under: watchdog, endedBy: farewell,
                notedIn: options.folder == nil ? nil : folder)
            processes.broker = broker
            do {
                try waitUntilReady(broker, log, flag)
            } catch {
                broker.stop(with: SIGKILL, within: .seconds(5))
                // What is needed to find the reason stays on disk.
                if options.folder == nil {
                    _ = watchdog.keep(folder.path)
                    _ = watchdog.remove(folder.path(of: RabbitFiles.data))
                }
                throw error
            }
        }
    }

    private func endBroker(with signal: Int32) {
        processes.withLock { processes in
            _ = processes.broker?.stop(with: signal, within: .seconds(30))
            processes.broker = nil
        }
    }

    /// A throw-away broker is killed, one with data to keep is asked and given time.
    private var farewell: Watchdog.Farewell {
        options.folder == nil
            ? .init(signal: SIGKILL, grace: .seconds(5)) : .init(signal: SIGTERM, grace: .seconds(30))
    }

    private func startNameService(_ log: ServerLog) throws -> ChildProcess {
        let service = try ChildProcess.start(
            RabbitInstallation.nameServiceLaunch(for: self), under: watchdog,
            // A broker that misses it while it ends would start another one, which nobody ends.
            endedBy: .init(signal: SIGTERM, grace: .seconds(5), isLast: true))
        let deadline = Deadline(after: .seconds(30))
        let answered = try deadline.poll(every: .milliseconds(5)) { () throws -> Bool? in
            if let exit = service.poll() { throw failure("its name service (epmd) ended with \(exit)", log) }
            return Probe.accepts(port: ports.nameService.port) ? true : nil
        }
        guard answered != nil else {
            throw failure("its name service (epmd) did not listen within \(deadline.limit)", log)
        }
        return service
    }

    private func waitUntilReady(_ broker: ChildProcess, _ log: ServerLog, _ flag: CancellationFlag) throws {
        let deadline = Deadline(after: options.startLimit)
        let ready = try deadline.poll(every: .milliseconds(50)) { () throws -> Bool? in
            try flag.check()
            if let exit = broker.poll() { throw failure("it ended with \(exit) while starting", log) }
            guard Probe.speaksAMQP(port: port) else { return nil }
            return tls.map { Probe.accepts(port: $0.port) } ?? true ? true : nil
        }
        guard ready != nil else { throw failure("it did not speak AMQP on port \(port) within \(deadline.limit)", log) }
        guard try electLeaders(within: options.startLimit, flag) else {
            throw failure("a quorum queue had no leader within \(options.startLimit)", log)
        }
    }

    private func failure(_ problem: String, _ log: ServerLog) -> LocalServerError {
        LocalServerError(
            .startFailed, subject: "RabbitMQ broker \(nodeName)",
            problem: "\(problem); its log says:\n\(RabbitFiles.reason(inLog: log.text))\n",
            remedy: "read the log; a machine short of memory, disk or time needs a longer start limit", logPath: logPath
        )
    }
}
