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

    struct Result: Sendable {
        let exit: String
        let output: String
        var isSuccess: Bool { exit == "exit status 0" }
    }

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
    func run(_ words: String..., environment: [String: String] = [:]) async throws -> Result {
        try await run(words: words, environment: environment)
    }

    func run(words: [String], environment: [String: String] = [:]) async throws -> Result {
        try await run([OwnProgram.neighbour("skald")] + words, environment: environment)
    }

    /// Runs lines of a shell, in which `skald` is the built tool, up to the first that fails.
    func run(script: String) async throws -> Result {
        let tool = "skald() { \(OwnProgram.neighbour("skald")) \"$@\"; }\n"
        return try await run(["/bin/sh", "-euxc", tool + script], environment: [:])
    }

    /// Runs the demonstration that `make demo` ends in.
    func runDemonstration() async throws -> Result {
        try await run(
            ["/bin/sh", project + "/sagas/fixtures/demo.sh", OwnProgram.neighbour("skald")], environment: [:])
    }

    private func run(_ words: [String], environment: [String: String]) async throws -> Result {
        let log = "\(home).\(UInt64.random(in: 0 ... .max)).out"
        defer { unlink(log) }
        let process = try await started(words, environment: environment, log: log)
        let end = try await eventually(within: .seconds(240), "\(words.prefix(4).joined(separator: " ")) ends") {
            process.end
        }
        return Result(exit: end, output: text(of: log))
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
    func started(_ words: [String], environment: [String: String] = [:], log: String) async throws -> LocalProcess {
        var whole = ["PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/tmp", "SKALD_HOME": home]
        whole.merge(environment) { $1 }
        return try await LocalProcess.started(
            LocalProcess.Program(
                words, environment: whole, folder: project, logPath: log,
                grace: .seconds(60)),
            by: owner)
    }

    func text(of path: String) -> String {
        guard let file = fopen(path, "r") else { return "" }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
        return String(decoding: bytes, as: UTF8.self)
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
