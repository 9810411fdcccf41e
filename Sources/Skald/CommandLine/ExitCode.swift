/// How the tool ends, as scripts see it. The numbers from 65 to 78 are those of BSD's `sysexits.h`.
enum ExitCode: Int32, Sendable, CaseIterable {
    case success = 0
    /// What was asked about is not as it should be: a broken definition, a failed scenario, a divergence.
    case failed = 1
    case usage = 2
    /// A file that was given cannot be read or understood.
    case badInput = 65
    /// A broker or a database cannot be reached.
    case unavailable = 69
    /// The tool itself is wrong.
    case bug = 70
    /// What was sent is safe with the broker, and nobody has taken it in time; the number is that of `timeout`.
    case timedOut = 124
    /// Ended by Ctrl-C.
    case interrupted = 130
    /// Whoever read the output has closed it.
    case outputClosed = 141

    var meaning: String {
        switch self {
        case .success: "all is well"
        case .failed: "what was looked at is not as it should be"
        case .usage: "the command line is wrong"
        case .badInput: "a file cannot be read or understood"
        case .unavailable: "a server cannot be reached"
        case .bug: "a defect of skald; please report it"
        case .timedOut: "what was asked for did not happen in time"
        case .interrupted: "interrupted"
        case .outputClosed: "the reader of the output has gone"
        }
    }
}

/// Something that ends a command early, with what to do about it.
struct Failure: Error, CustomStringConvertible {
    let exit: ExitCode
    let message: String
    let remedy: String?

    init(_ exit: ExitCode, _ message: String, remedy: String? = nil) {
        self.exit = exit
        self.message = message
        self.remedy = remedy
    }

    var description: String { message }
}
