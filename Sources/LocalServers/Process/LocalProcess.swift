import Glibc

/// A program of ours that runs beside the private servers, such as a service of the system started on a laptop.
///
/// It ends with the process that started it, however that ends. What it prints goes to the end of a file.
package final class LocalProcess: Sendable {
    /// What is started, and how.
    package struct Program: Sendable {
        /// The program's path and what it is given.
        package var arguments: [String]
        /// The whole environment; nothing of ours is passed on, except how the sanitizers report where this program has one.
        package var environment: [String: String]
        package var folder: String
        /// Where standard error goes; nil for this program's own.
        package var logPath: String?
        /// Where standard output goes; nil for where standard error does.
        package var outputPath: String?
        /// How long it may take to end once it was asked to.
        package var grace: Duration

        package static let graceDefault = Duration.seconds(30)

        package init(
            _ arguments: [String], environment: [String: String], folder: String = "/", logPath: String?,
            outputPath: String? = nil, grace: Duration = graceDefault
        ) {
            self.arguments = arguments
            self.environment = environment.merging(Self.sanitizerOptions) { own, _ in own }
            self.folder = folder
            self.logPath = logPath
            self.outputPath = outputPath
            self.grace = grace
        }

        private static let sanitizerOptions: [String: String] = ["ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS"]
            .reduce(into: [:]) { options, name in
                if let value = unsafe getenv(name) { options[name] = unsafe String(cString: value) }
            }
    }

    private let child: ChildProcess
    private let grace: Duration

    private init(_ child: ChildProcess, grace: Duration) {
        self.child = child
        self.grace = grace
    }

    package static func started(_ program: Program, by owner: LocalProcessOwner) async throws -> LocalProcess {
        try await onOwnThread {
            let log = program.logPath.map { Launch.Stream.file($0) } ?? .descriptor(2)
            let launch = Launch(
                arguments: program.arguments, environment: program.environment, folder: program.folder,
                output: program.outputPath.map { .file($0) } ?? log, errorOutput: log)
            let child = try ChildProcess.start(
                launch, under: owner.watchdog, endedBy: .init(signal: SIGTERM, grace: program.grace))
            return LocalProcess(child, grace: program.grace)
        }
    }

    package var processID: Int32 { child.pid }

    /// How it ended, in words; nil while it runs.
    package var end: String? { child.poll()?.description }

    /// The status it ended with; nil while it runs, or if a signal ended it.
    package var endStatus: Int32? {
        guard case .status(let number) = child.poll() else { return nil }
        return number
    }

    /// The signal that ended it; nil while it runs, or if it ended by itself.
    package var endSignal: Int32? {
        guard case .signal(let number) = child.poll() else { return nil }
        return number
    }

    /// Sends it a signal, unless it has ended.
    package func send(_ signal: Int32) { child.send(signal) }

    /// Whether it ended by itself and without a complaint.
    package var endedWell: Bool { child.poll() == .status(0) }

    /// Asks it to end, waits, and kills it when its grace is over.
    package func stop() async throws {
        _ = try await onOwnThread { self.child.stop(with: SIGTERM, within: self.grace) }
    }
}

/// What local processes belong to: when it is gone, so are they.
package final class LocalProcessOwner: Sendable {
    let watchdog: Watchdog

    package init() throws { watchdog = try Watchdog() }

    /// Lets everything that still runs be ended, and waits for it.
    package func end() async throws {
        try await onOwnThread { self.watchdog.end() }
    }
}
