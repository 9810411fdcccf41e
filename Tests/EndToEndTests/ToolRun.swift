import Glibc
import LocalServers

/// What a command that has ended left behind.
struct ToolRun: Sendable {
    let exit: String
    /// Standard output: what programs read.
    let data: String
    /// Standard error: what people read beside it, such as how far the work has come.
    let messages: String

    var isSuccess: Bool { exit == "exit status 0" }
    var output: String { data + messages }

    /// Runs a command to its end.
    ///
    /// - Parameter path: of files that exist while it runs.
    static func ended(
        _ words: [String], environment: [String: String], folder: String, at path: String,
        by owner: LocalProcessOwner
    ) async throws -> ToolRun {
        let path = "\(path)-\(UInt64.random(in: 0 ... .max))"
        let (data, messages) = (path + ".out", path + ".err")
        defer {
            unlink(data)
            unlink(messages)
        }
        let program = LocalProcess.Program(
            words, environment: environment, folder: folder, logPath: messages, outputPath: data, grace: .seconds(60))
        let process = try await LocalProcess.started(program, by: owner)
        let end = try await eventually(within: .seconds(240), "\(words.prefix(4).joined(separator: " ")) ends") {
            process.end
        }
        return ToolRun(exit: end, data: text(of: data), messages: text(of: messages))
    }
}

/// A file's text; empty if there is none.
func text(of path: String) -> String {
    guard let file = fopen(path, "r") else { return "" }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
    return String(decoding: bytes, as: UTF8.self)
}
