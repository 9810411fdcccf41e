import LocalServers
import Messaging
import Orchestration
import Telemetry

/// Runs a whole system in one folder: servers, topology, databases, services. It ends all of them when it ends.
struct Supervisor: Sendable {
    private let plan: LocalPlan
    private let board: StateBoard
    /// The state of the last run, for the ports.
    private let last: SystemState?
    /// Held as long as this lives: one system a folder.
    private let lock: FolderLock

    /// How long everything may take to end in order: the services at the same time, then the servers at the same time, and
    /// what cannot be broken off before.
    static let endLimit =
        LocalProcess.Program.graceDefault + max(RabbitServer.endLimit, PostgresCluster.endLimit) + .seconds(30)

    /// - Returns: nil where a system runs in the folder already.
    /// - Parameter tell: is given what is new, for whoever waits.
    init?(_ plan: LocalPlan, tell: @escaping @Sendable (SystemNews) -> Void) throws {
        try plan.folder.make()
        guard let lock = try FolderLock.take(plan.folder.lockPath) else { return nil }
        self.lock = lock
        self.plan = plan
        last = try? SystemState.read(plan.folder)
        board = StateBoard(plan.folder, now: Logger.wallClockMilliseconds(), last: last, tell: tell)
    }

    /// Starts everything and keeps it running until the task is cancelled.
    ///
    /// - Parameter whenReady: is called once every service takes messages.
    func run(whenReady: @escaping @Sendable (SystemState) throws -> Void) async throws {
        do {
            try await runServers(whenReady)
            board.enter(.stopped, "")
        } catch {
            // What fails then was ended by the same Ctrl-C, or for it.
            let end = Task.isCancelled ? CancellationError() : error
            board.enter(end is CancellationError ? .stopped : .failed, end is CancellationError ? "" : "\(end)")
            throw end
        }
    }

    private func runServers(_ whenReady: @escaping @Sendable (SystemState) throws -> Void) async throws {
        board.enter(.starting, "starting broker and database")
        let servers = try await LocalServerPair.started(plan, ports: last?.ports)
        board.change { state in
            state.broker = servers.brokerAddress.state(isPrivate: servers.isBrokerPrivate)
            state.database = servers.databaseAddress.state(isPrivate: servers.isDatabasePrivate)
        }
        do {
            try Task.checkCancellation()
            try await runServices(on: servers, whenReady)
        } catch {
            board.enter(.stopping, "stopping broker and database")
            try? await Task.detached { try await servers.shutDown() }.value
            throw error
        }
        board.enter(.stopping, "stopping broker and database")
        try await Task.detached { try await servers.shutDown() }.value
    }

    private func runServices(
        on servers: LocalServerPair, _ whenReady: @escaping @Sendable (SystemState) throws -> Void
    ) async throws {
        let secrets = try Secrets.keep(in: plan.folder.passwordsPath, for: plan.logins)
        board.enter(.starting, "preparing queues and databases")
        if !plan.takesOver { try await servers.refuseOtherPasswords(plan, secrets) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await servers.applyTopology(plan, secrets) }
            group.addTask { try await servers.applyRoles(plan, secrets) }
            try await group.waitForAll()
        }
        try Task.checkCancellation()
        let setting = ServiceSetting(plan: plan, servers: servers, secrets: secrets)
        try await migrate(setting)
        try Task.checkCancellation()
        let readiness = try await Readiness(servers.brokerAddress, secrets, plan.system.services)
        let owner = try LocalProcessOwner()
        do {
            try await keepAll(setting, owner, readiness, servers, whenReady)
        } catch {
            await end(owner, readiness)
            throw error
        }
        await end(owner, readiness)
    }

    private func end(_ owner: LocalProcessOwner, _ readiness: Readiness) async {
        await Task.detached {
            await readiness.close()
            try? await owner.end()
        }.value
    }

    private func migrate(_ setting: ServiceSetting) async throws {
        board.enter(.starting, "bringing the databases up to date")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for service in plan.services {
                group.addTask { try await setting.migrate(service) }
            }
            try await group.waitForAll()
        }
    }

    private func keepAll(
        _ setting: ServiceSetting, _ owner: LocalProcessOwner, _ readiness: Readiness, _ servers: LocalServerPair,
        _ whenReady: @escaping @Sendable (SystemState) throws -> Void
    ) async throws {
        board.change { state in
            state.note = "starting services"
            state.services = plan.services.map { name in
                SystemState.ServiceState(
                    name: name, condition: .waiting, note: "", restartCount: 0, log: plan.folder.logPath(of: name))
            }
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for service in plan.services {
                let keeper = ServiceKeeper(
                    name: service, program: try setting.program(service), owner: owner, readiness: readiness,
                    board: board)
                group.addTask { try await keeper.run() }
            }
            group.addTask { try await watch(servers, whenReady) }
            do {
                while try await group.next() != nil {}
            } catch {
                if Task.isCancelled { board.enter(.stopping, "stopping services") }
                group.cancelAll()
                while await group.nextResult() != nil {}
                throw error
            }
        }
    }

    private static let lookInterval = Duration.milliseconds(100)

    /// Notes when all are ready, and ends the system when a server of ours has ended.
    private func watch(
        _ servers: LocalServerPair, _ whenReady: @escaping @Sendable (SystemState) throws -> Void
    ) async throws {
        var wasReady = false
        while true {
            let state = board.current
            if !wasReady, state.services.allSatisfy({ $0.condition == .ready }) {
                wasReady = true
                board.enter(.ready, "")
                try whenReady(board.current)
            }
            if let trouble = servers.trouble { throw Failure(.unavailable, trouble) }
            try await Task.sleep(for: Self.lookInterval)
        }
    }
}

/// What services of one system are given.
struct ServiceSetting: Sendable {
    let plan: LocalPlan
    let servers: LocalServerPair
    let secrets: Secrets

    func program(_ service: String) throws -> LocalProcess.Program {
        try LogRotation.rotate(plan.folder.logPath(of: service))
        return LocalProcess.Program(
            [plan.programs.path(of: service)],
            environment: try environment(service, role: DatabaseRoles.runtimeRole(of: service)),
            folder: LocalFolder.workingFolder, logPath: plan.folder.logPath(of: service))
    }

    /// A table that was filled for years takes its time.
    private static let migrationLimit = Duration.seconds(600)

    /// Brings the service's database up to date, as the role that owns it.
    func migrate(_ service: String) async throws {
        let migration = Subprocess(
            [plan.programs.path(of: service), "migrate"],
            environment: try environment(service, role: DatabaseRoles.ownerRole(of: service)),
            limit: Self.migrationLimit)
        let result = try await migration.run()
        guard result.status == 0 else {
            let said = String(decoding: result.errors + result.output, as: UTF8.self)
            throw Failure(
                .unavailable, "the database of \(service) cannot be brought up to date: \(said.firstLines(4))",
                remedy: remedy(of: result.status))
        }
    }

    /// How a program says that its migrations do not fit what is in the database: `EX_DATAERR` of BSD's `sysexits.h`.
    private static let otherVersionStatus: Int32 = 65

    /// Data goes only where nothing else helps.
    private func remedy(of status: Int32) -> String? {
        guard status == Self.otherVersionStatus else { return nil }
        return "Run the version that made it"
            + (servers.isDatabasePrivate ? ", or remove all data with `skald down --erase`." : ".")
    }

    private func environment(_ service: String, role: String) throws -> [String: String] {
        let database = servers.databaseAddress.database(
            DatabaseRoles.database(of: service), user: role, password: try secrets.password(of: role))
        var environment = wholeEnvironment()
        environment["AMQP_URL"] = servers.brokerAddress.url(user: service, password: try secrets.password(of: service))
        environment["DATABASE_URL"] = database.url
        environment["SKALD_SAGAS"] = plan.sagas
        return environment
    }
}
