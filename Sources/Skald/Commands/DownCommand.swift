import LocalServers
import SagaModel

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension Command {
    static let down = Command(
        "down", "End what `skald up` started",
        examples: [
            Example("skald down", "Services first, then the servers; data is kept."),
            Example("skald down --erase", "The data, the passwords and the logs go as well."),
        ],
        options: [
            .flag("erase", "Remove what Skald keeps in its folder once all has ended, and the folder if that is all.")
        ],
        exits: [
            .success: "nothing runs any more", .failed: "something had to be killed, or cannot be removed",
            .unavailable: "the folder is not Skald's, or somebody else starts or ends a system in it",
        ]
    ) { arguments, console in
        let folder = LocalFolder.current()
        let exit = try await end(folder, console)
        if arguments.has("erase") { try await erase(folder, console) }
        return exit
    }

    private static func erase(_ folder: LocalFolder, _ console: Console) async throws {
        guard let rest = try await folder.erase() else {
            console.say("\(folder.path) is not there")
            return
        }
        for target in rest.targets { console.say("\(target) stays: Skald did not make the link to it") }
        console.say(
            rest.hasFolder
                ? "what Skald kept in \(folder.path) is removed; the folder stays" : "\(folder.path) is removed")
    }

    private static func end(_ folder: LocalFolder, _ console: Console) async throws -> ExitCode {
        guard let state = try SystemState.read(folder), state.isRunning, let supervisor = state.supervisor else {
            console.say("nothing runs here")
            return .success
        }
        supervisor.send(SIGTERM)
        if try await supervisor.ended(within: Supervisor.endLimit) {
            console.say("ended")
            return .success
        }
        // What it started ends with it, by its watchdogs.
        supervisor.send(SIGKILL)
        _ = try await supervisor.ended(within: .seconds(10))
        console.say("process \(supervisor.pid) did not end within \(Supervisor.endLimit.words) and was killed")
        return .failed
    }

    static let status = Command(
        "status", "Show what runs",
        examples: [
            Example("skald status", "Servers, services, their processes and restarts, and what is paused."),
            Example("skald status --json", "The same for a program."),
        ],
        options: [.json],
        exits: [
            .success: "everything runs and takes messages", .failed: "something does not",
            .unavailable: "nothing runs here",
        ]
    ) { arguments, console in
        let folder = LocalFolder.current()
        let state = try SystemState.read(folder)
        let services = state?.isRunning == true && state?.database != nil ? state?.services.map(\.name) ?? [] : []
        let pauses = await PauseReport.read(services, Surroundings(folder: folder))
        if arguments.has("json") {
            try console.print(CanonicalJSON.text(of: SystemReport(folder: folder).value(of: state, pauses)))
            return SystemReport.exit(for: state)
        }
        let exit = try SystemReport(folder: folder).tell(console)
        for line in pauses.lines { try console.print(line) }
        return exit
    }
}
