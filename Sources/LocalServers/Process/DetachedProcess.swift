/// A program that outlives the one that starts it.
package enum DetachedProcess {
    /// Starts it in a session of its own. What it prints goes to the end of a file.
    ///
    /// - Returns: its process id, for the caller to reap while it lives.
    package static func start(
        _ arguments: [String], environment: [String: String], folder: String, logPath: String
    ) throws -> Int32 {
        let launch = Launch(
            arguments: arguments, environment: environment, folder: folder, output: .file(logPath),
            errorOutput: .file(logPath))
        return try launch.spawn()
    }
}
