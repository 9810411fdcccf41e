import Glibc
import LocalServers
import Testing

/// Runs the built tool as a process of its own, in a project folder of its own.
struct SkaldProcess: Sendable {
    /// `.skald` of the project: everything the tool keeps.
    let home: String
    /// Where the command runs: the folder with `sagas/`.
    let project: String
    let owner: LocalProcessOwner

    /// Lends a folder that is empty before and gone afterwards, with whatever ran in it.
    static func inOwnFolder(_ body: (SkaldProcess) async throws -> Void) async throws {
        var path = Array("/tmp/skald-end-to-end-XXXXXX".utf8CString)
        try #require(mkdtemp(&path) != nil)
        let home = String(decoding: path.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // The servers' users have to get through.
        chmod(home, 0o711)
        let process = SkaldProcess(home: home + "/skald", project: root, owner: try LocalProcessOwner())
        do {
            try await body(process)
        } catch {
            _ = try? await process.run("down", "--erase")
            rmdir(home)
            throw error
        }
        _ = try await process.run("down", "--erase")
        rmdir(home)
        try await process.owner.end()
    }

    /// Runs a command to its end.
    @discardableResult
    func run(_ words: String..., environment: [String: String] = [:]) async throws -> ToolRun {
        try await run(words: words, environment: environment)
    }

    func run(words: [String], environment: [String: String] = [:]) async throws -> ToolRun {
        try await run([OwnProgram.neighbour("skald")] + words, environment: environment)
    }

    /// Runs lines of a shell, in which `skald` is the built tool, up to the first that fails.
    func run(script: String) async throws -> ToolRun {
        let tool = "skald() { \(OwnProgram.neighbour("skald")) \"$@\"; }\n"
        return try await run(["/bin/sh", "-euxc", tool + script], environment: [:])
    }

    /// Runs the demonstration that `make demo` ends in.
    func runDemonstration() async throws -> ToolRun {
        try await run(
            ["/bin/sh", project + "/sagas/fixtures/demo.sh", OwnProgram.neighbour("skald")], environment: [:])
    }

    private func run(_ words: [String], environment: [String: String]) async throws -> ToolRun {
        try await ToolRun.ended(
            words, environment: whole(environment), folder: project, at: home, by: owner)
    }

    /// Waits until there is one saga that has come so far, and tells its story.
    func storyOfTheOnlySaga(upTo words: String) async throws -> String {
        try await untilThere("a saga comes to \(words)") {
            let key = try await run("saga", "list", "--keys").output.split(separator: "\n").first.map(String.init)
            guard let key else { return nil }
            let story = try await run("saga", "show", key).output
            return story.contains(words) ? story : nil
        }
    }

    /// Starts a command and leaves it running.
    ///
    /// - Parameter output: Where its standard output goes; nil for the log.
    func started(
        _ words: [String], environment: [String: String] = [:], log: String, output: String? = nil
    ) async throws -> LocalProcess {
        try await LocalProcess.started(
            LocalProcess.Program(
                words, environment: whole(environment), folder: project, logPath: log, outputPath: output,
                grace: .seconds(60)),
            by: owner)
    }

    /// The whole environment of a command, with these variables.
    private func whole(_ environment: [String: String]) -> [String: String] {
        ["PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/tmp", "SKALD_HOME": home].merging(environment) { $1 }
    }

    private static let root = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }
}

/// Looks again and again until there is a value.
func eventually<Value>(
    within limit: Duration = .seconds(60), _ what: String, _ look: () throws -> Value?
) async throws -> Value {
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
        if let value = try look() { return value }
        // Allowed (test-sleep): a pause between two looks, with a deadline around it.
        try await Task.sleep(for: .milliseconds(20))
    }
    throw NotInTime(what: what, limit: limit)
}

struct NotInTime: Error, CustomStringConvertible {
    let what: String
    let limit: Duration

    var description: String { "not within \(limit): \(what)" }
}
