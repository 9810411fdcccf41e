import LocalServers
import Messaging

/// Keeps one service running: starts it, watches it, starts it again when it ends.
struct ServiceKeeper: Sendable {
    let name: String
    let program: LocalProcess.Program
    let owner: LocalProcessOwner
    let readiness: Readiness
    let board: StateBoard

    /// Runs until the task is cancelled, then ends the service.
    func run() async throws {
        var restarts = RestartMachine()
        var troubles = TroubleMachine()
        while !Task.isCancelled {
            let began = ContinuousClock.now
            guard let (end, hasWorked) = try await runOnce() else { return }
            let pause = restarts.ended(after: ContinuousClock.now - began)
            board.change(name) { service in
                service.condition = .restarting
                service.note = "\(end.how); starts again in \(pause.words)"
                service.processID = nil
                service.restartCount = restarts.restartCount
            }
            if troubles.ended(end, hasWorked: hasWorked) { board.put(end.trouble(of: name), of: name) }
            do { try await Task.sleep(for: pause) } catch { break }
        }
        board.change(name) { $0.condition = .stopped }
    }

    /// Starts it and waits until it ends.
    ///
    /// What keeps it from being started, as a folder of logs that is gone or a machine without memory, ends this run and
    /// nothing else: the other services and the servers are well.
    ///
    /// - Returns: how it ended by itself and whether it ever took messages; nil where the task was cancelled.
    private func runOnce() async throws -> (end: ServiceEnd, hasWorked: Bool)? {
        var log = LogTail(name: name, path: program.logPath ?? "")
        log.skip()
        let process: LocalProcess
        do {
            process = try await LocalProcess.started(program, by: owner)
        } catch {
            return (.failedStart("\(error)"), false)
        }
        board.change(name) { service in
            service.condition = .starting
            service.note = "waiting until it takes messages"
            service.processID = process.processID
        }
        let run = await watch(process)
        guard let how = run.end, !Task.isCancelled else {
            try await stop(process)
            return nil
        }
        let end = ServiceEnd(
            how: "ended with \(how)", isConfiguration: process.endStatus == ServiceEnd.configurationStatus,
            lastWords: LogTail.lastWords(of: log.freshest(), by: name))
        return (end, run.hasWorked)
    }

    private static let lookInterval = Duration.milliseconds(100)
    /// While all is well the broker is asked less often.
    private static let quietLookCount = 20

    /// - Returns: how it ended by itself, nil where the task was cancelled first; and whether it ever took messages.
    private func watch(_ process: LocalProcess) async -> (end: String?, hasWorked: Bool) {
        var looks = 0
        var hasWorked = false
        while true {
            if let end = process.end { return (end, hasWorked) }
            if looks == 0 { await look(at: process) }
            let isReady = isReady
            hasWorked = hasWorked || isReady
            looks = isReady ? (looks + 1) % Self.quietLookCount : 0
            do { try await Task.sleep(for: Self.lookInterval) } catch { return (nil, hasWorked) }
        }
    }

    private var isReady: Bool { board.current.services.first { $0.name == name }?.condition == .ready }

    private func look(at process: LocalProcess) async {
        let problem = await readiness.problem(of: name)
        let state = board.current.services.first { $0.name == name }
        let wasReady = state?.condition == .ready
        if wasReady == (problem == nil), state?.note == problem ?? "" { return }
        board.change(name) { service in
            service.condition = problem == nil ? .ready : service.condition == .starting ? .starting : .unready
            service.note = problem ?? ""
            if problem == nil { service.trouble = nil }
        }
    }

    private func stop(_ process: LocalProcess) async throws {
        // In a task of its own: this one is cancelled, and the end is still to be waited for.
        try await Task.detached { try await process.stop() }.value
        board.change(name) { service in
            service.condition = .stopped
            service.note = ""
            service.processID = nil
        }
    }
}
