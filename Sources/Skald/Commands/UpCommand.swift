import LocalServers
import Messaging
import SagaModel

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension Command {
    static let up = Command(
        "up", "Start broker, database and services, and keep them running",
        examples: [
            Example("skald up", "Everything, until Ctrl-C."),
            Example("skald up --detach", "Everything in the background; returns once all services take messages."),
            Example("skald up --only order,kitchen", "Only these services, with the servers they need."),
            Example("AMQP_URL=amqp://... DATABASE_URL=postgres://... skald up", "On servers that are there already."),
        ],
        options: [
            .value("only", "NAMES", "Services to run, separated by commas; `servers` alone runs none."),
            .flag("detach", "Return once all is ready; `skald down` ends it."),
            .value("sagas", "FOLDER", "The folder with the definitions; `sagas` if left out."),
            .flag(
                "take-over",
                "On servers that are there: give the users and roles of another folder's system this one's passwords."),
        ],
        exits: [
            .success: "it ran until it was asked to end; with --detach, or where it is started already: it runs",
            .failed: "with --detach: a service does not get ready, or says that its configuration cannot work",
            .unavailable: "something cannot be started; the message says what and where its log is",
            .interrupted: "with --detach: Ctrl-C has ended what was started",
        ]
    ) { arguments, console in
        let plan = try LocalPlan(arguments)
        return arguments.has("detach")
            ? try await DetachedStart(plan, arguments, console).run() : try await runUp(plan, console)
    }

    /// Runs the system in this process, as soon as no other one starts or ends it.
    private static func runUp(_ plan: LocalPlan, _ console: Console) async throws -> ExitCode {
        let turn = StartTurn(plan.folder, console)
        while true {
            let supervisor = try Supervisor(plan) { news in tell(news, console) }
            if let supervisor { return try await run(supervisor, plan, console) }
            if try await turn.runningSystem() != nil {
                return try SystemReport(folder: plan.folder).tell(console, runsAlready: true)
            }
            // Whoever holds the lock has yet to say so, or has just said that it ends.
            try await turn.pause()
        }
    }

    private static func tell(_ news: SystemNews, _ console: Console) {
        switch news {
        case .note(let note): console.say(note + " ...")
        case .trouble(let service):
            let remedy = "It is started again and again: mend what is wrong, and it goes on."
            if let failure = service.failure(remedy: remedy) { console.fail(failure) }
        }
    }

    private static func run(_ supervisor: Supervisor, _ plan: LocalPlan, _ console: Console) async throws -> ExitCode {
        let began = console.now()
        let failure: Void? = try await untilInterrupted {
            try await supervisor.run { state in
                console.say("ready after \((console.now() - began).words)\n")
                try SystemReport(folder: plan.folder).tell(state, console)
                console.say("\nCtrl-C ends it. In another terminal: skald inject order.PlaceOrder --wait")
            }
        }
        _ = failure
        console.say("ended")
        return .success
    }
}

/// Starts the system in a process of its own and waits until it is ready.
struct DetachedStart: Sendable {
    private let plan: LocalPlan
    private let arguments: Arguments
    private let console: Console

    init(_ plan: LocalPlan, _ arguments: Arguments, _ console: Console) {
        self.plan = plan
        self.arguments = arguments
        self.console = console
    }

    func run() async throws -> ExitCode {
        try plan.folder.make()
        let turn = StartTurn(plan.folder, console)
        if try await turn.runningSystem() != nil { return try runsAlready() }
        let began = console.now()
        var words = ["up"]
        for option in ["only", "sagas"] {
            if let value = arguments.value(option) { words.append("--\(option)=\(value)") }
        }
        if plan.takesOver { words.append("--take-over") }
        try LogRotation.rotate(plan.folder.supervisorLogPath)
        try Interruption.shared.listen()
        let pid = try DetachedProcess.start(
            ["/proc/self/exe"] + words, environment: wholeEnvironment(), folder: LocalFolder.workingFolder,
            logPath: plan.folder.supervisorLogPath)
        guard let state = try await readyOrEnded(pid, deadline: began + StartTurn.limit) else { return .interrupted }
        if state.supervisor?.pid != pid { return try runsAlready() }
        console.say("ready after \((console.now() - began).words)\n")
        try SystemReport(folder: plan.folder).tell(state, console)
        console.say("\nIt runs in the background; `skald down` ends it. Next: skald inject order.PlaceOrder --wait")
        return .success
    }

    private func runsAlready() throws -> ExitCode {
        try SystemReport(folder: plan.folder).tell(console, runsAlready: true)
    }

    /// Waits until the system is ready. Whatever keeps it from that ends what was started, so that nothing of it runs when
    /// the command is over.
    ///
    /// - Returns: nil where Ctrl-C came first.
    private func readyOrEnded(_ pid: Int32, deadline: ContinuousClock.Instant) async throws -> SystemState? {
        do {
            let state = try await untilInterrupted { try await untilReady(pid, deadline: deadline) }
            if state == nil { try await end(pid) }
            return state
        } catch {
            try await end(pid)
            throw error
        }
    }

    /// - Returns: the state of the process, or of another one that began to start the system a moment before it.
    private func untilReady(_ pid: Int32, deadline: ContinuousClock.Instant) async throws -> SystemState {
        var lastNote = ""
        var troubles: Set<SystemState.Trouble> = []
        while console.now() < deadline {
            var status: Int32 = 0
            if waitpid(pid, &status, WNOHANG) == pid { return try systemOfAnother(pid) }
            // Before it has written its own, the file is that of the last run.
            if let state = try? SystemState.read(plan.folder), state.supervisor?.pid == pid {
                if !state.note.isEmpty, state.note != lastNote { console.say(state.note + " ...") }
                lastNote = state.note
                if state.phase == .ready { return state }
                if let failure = state.hopelessness { throw failure }
                for service in state.services where service.trouble.map({ troubles.insert($0).inserted }) ?? false {
                    if let failure = service.failure(remedy: "It is started again.") { console.fail(failure) }
                }
            }
            try await Task.sleep(for: StartTurn.lookInterval)
        }
        throw Failure(
            .failed, "not everything was ready within \(StartTurn.limit.words): \(unready)",
            remedy: "`skald logs` shows what services said; the start itself: \(plan.folder.supervisorLogPath)")
    }

    /// Asks it to end, and kills it when its time is over: what it started ends with it, by its watchdogs.
    private func end(_ pid: Int32) async throws {
        var status: Int32 = 0
        // One that has ended was waited for, and its id may be a stranger's.
        guard waitpid(pid, &status, WNOHANG) == 0 else { return }
        console.say("ending what was started ...")
        for (signal, limit) in [(SIGTERM, Supervisor.endLimit), (SIGKILL, .seconds(10))] {
            kill(pid, signal)
            let deadline = console.now() + limit
            while console.now() < deadline {
                guard waitpid(pid, &status, WNOHANG) == 0 else { return }
                try await Task.sleep(for: StartTurn.lookInterval)
            }
        }
    }

    private var unready: String {
        (try? SystemState.read(plan.folder))?.unready ?? "the servers did not start"
    }

    /// The system that runs although the process has ended.
    private func systemOfAnother(_ pid: Int32) throws -> SystemState {
        if let state = try? SystemState.running(plan.folder), state.supervisor?.pid != pid, state.phase == .ready {
            return state
        }
        throw ended()
    }

    private func ended() -> Failure {
        let state = try? SystemState.read(plan.folder)
        let why = state.flatMap { $0.phase == .failed ? $0.note : nil } ?? "it ended without a word"
        return Failure(.unavailable, why, remedy: "Its log: \(plan.folder.supervisorLogPath)")
    }
}
