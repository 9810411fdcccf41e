import Glibc

/// Why a private server could not do what was asked: what failed, why, what to do, and where the log lies.
package struct LocalServerError: Error, Sendable, Equatable {
    /// The kinds a caller may want to tell apart.
    package enum Code: Sendable {
        /// A program this needs is not installed.
        case missingProgram
        /// The server ended, or never spoke, while it was being started.
        case startFailed
        /// Something did not happen before its deadline.
        case timedOut
        /// A command ran and reported failure.
        case commandFailed
        /// The call does not fit the state the server is in.
        case wrongState
        /// The operating system refused a call.
        case system
    }

    package var code: Code
    /// Who failed, for instance `RabbitMQ broker skald-1f@localhost`.
    package var subject: String
    package var problem: String
    package var remedy: String
    /// The log that tells more, kept on disk.
    package var logPath: String?

    package init(_ code: Code, subject: String, problem: String, remedy: String, logPath: String? = nil) {
        self.code = code
        self.subject = subject
        self.problem = problem
        self.remedy = remedy
        self.logPath = logPath
    }

    /// Names the call the system refused and why, from `errno`.
    package static func system(_ call: String, subject: String, number: Int32 = errno) -> LocalServerError {
        LocalServerError(
            .system, subject: subject,
            problem: "\(call) failed: \(String(cString: strerror(number))) (errno \(number))",
            remedy: "check limits, free space and rights of the temporary folder")
    }
}

extension LocalServerError: CustomStringConvertible {
    package var description: String {
        let text = "\(subject): \(problem). To do: \(remedy)."
        guard let logPath else { return text }
        return "\(text) Log: \(logPath)"
    }
}
