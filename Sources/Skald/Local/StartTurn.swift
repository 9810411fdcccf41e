import LocalServers

/// What becomes of the wish to start a system in a folder where another process may start, run or end one.
struct TurnMachine: Sendable {
    enum Action: Hashable {
        /// Look again a moment later. What is new is for whoever waits.
        case wait([String])
        /// The folder is free.
        case start
        /// The system of another process runs.
        case leave(SystemState)
        /// The start that was waited for came to nothing.
        case fail(String)
    }

    /// Whose start is waited for: its outcome is ours.
    private var followed: ProcessIdentity?
    private var lastNote = ""

    /// The folder's state was looked at.
    ///
    /// - Parameter isAlive: whether the process that wrote it is there.
    mutating func saw(_ state: SystemState?, isAlive: Bool) -> Action {
        guard let state, isAlive, let supervisor = state.supervisor else {
            guard let followed, let state, state.supervisor == followed else { return .start }
            return .fail(Self.end(of: state, followed))
        }
        switch state.phase {
        case .ready: return .leave(state)
        case .starting:
            let isNew = followed != supervisor
            followed = supervisor
            return .wait((isNew ? ["process \(supervisor.pid) starts the system already"] : []) + news(state.note))
        case .stopping, .stopped, .failed: return .wait(news("waiting for the end of process \(supervisor.pid)"))
        }
    }

    private mutating func news(_ note: String) -> [String] {
        if note.isEmpty || note == lastNote { return [] }
        lastNote = note
        return [note]
    }

    private static func end(of state: SystemState, _ supervisor: ProcessIdentity) -> String {
        switch state.phase {
        case .failed: state.note
        case .stopping, .stopped: "process \(supervisor.pid) was asked to end before everything was ready"
        case .starting, .ready: "process \(supervisor.pid) was starting the system and ended without a word"
        }
    }
}

/// Waits while another process starts or ends a system in the folder.
struct StartTurn {
    private let folder: LocalFolder
    private let console: Console
    private let deadline: ContinuousClock.Instant

    /// How long a start may take before it counts as failed: a busy machine needs most of it for the broker.
    static let limit = Duration.seconds(180)
    static let lookInterval = Duration.milliseconds(50)

    init(_ folder: LocalFolder, _ console: Console) {
        self.folder = folder
        self.console = console
        deadline = console.now() + Self.limit
    }

    /// Waits until the system of another process runs, or nobody's does.
    ///
    /// - Returns: what runs; nil where the folder is free.
    /// - Throws: why the start of another process came to nothing.
    func runningSystem() async throws -> SystemState? {
        var machine = TurnMachine()
        while true {
            let state = try SystemState.read(folder)
            switch machine.saw(state, isAlive: state?.isRunning ?? false) {
            case .leave(let state): return state
            case .start: return nil
            case .fail(let why):
                throw state?.hopelessness
                    ?? Failure(.unavailable, why, remedy: "`skald logs` shows what services said.")
            case .wait(let news):
                for note in news { console.say(note + " ...") }
                if state?.phase == .starting, let failure = state?.hopelessness { throw failure }
            }
            try await pause()
        }
    }

    /// Lets a moment pass.
    ///
    /// - Throws: where all the time has passed.
    func pause() async throws {
        guard console.now() < deadline else { throw late() }
        try await Task.sleep(for: Self.lookInterval)
    }

    private func late() -> Failure {
        guard let state = try? SystemState.running(folder) else {
            return Failure(
                .unavailable, "another process holds \(folder.lockPath)", remedy: "It may be erasing the folder.")
        }
        guard state.phase == .starting else {
            let supervisor = state.supervisor?.pid ?? 0
            return Failure(.unavailable, "process \(supervisor) has not ended within \(Self.limit.words)")
        }
        return Failure(
            .failed, "not everything was ready within \(Self.limit.words): \(state.unready)",
            remedy: "`skald logs` shows what services said.")
    }
}

extension SystemState {
    /// What keeps it from being ready, in words.
    var unready: String {
        let words = services.filter { $0.condition != .ready }.map { "\($0.name) (\($0.note))" }
        return words.isEmpty ? "the servers did not start" : words.joined(separator: ", ")
    }
    /// What only a change of a service's configuration helps against, if there is such a thing.
    var hopelessness: Failure? {
        services.first { $0.trouble?.isConfiguration ?? false }.flatMap { $0.failure(remedy: nil) }
    }
}

extension SystemState.ServiceState {
    /// Why it keeps ending; nil where nothing is known.
    ///
    /// - Parameter remedy: what happens next, or what to do.
    func failure(remedy: String?) -> Failure? {
        trouble.map { Failure(.failed, $0.words, remedy: "Its log: \(log)" + (remedy.map { ". \($0)" } ?? "")) }
    }
}
