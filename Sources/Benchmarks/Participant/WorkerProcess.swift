internal import LocalServers

/// This program once more, as the participant. It is ended with its owner.
final class WorkerProcess: Sendable {
    private let process: LocalProcess
    private let owner: LocalProcessOwner

    var processID: Int32 { process.processID }

    init(_ environment: [String: String]) async throws {
        owner = try LocalProcessOwner()
        // Its log would stand between the figures, which go to standard output.
        process = try await LocalProcess.started(
            LocalProcess.Program(
                [OwnProgram.path, BenchService.word], environment: environment, logPath: nil), by: owner)
    }

    /// Asks it to end and waits.
    func stop() async throws {
        try await process.stop()
        try await owner.end()
    }
}
