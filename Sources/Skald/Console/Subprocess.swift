import LocalServers

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Another program, run to its end with an input, its two outputs kept.
///
/// Input and outputs are files, so that neither side ever waits for the other.
struct Subprocess: Sendable {
    struct Result: Sendable {
        let status: Int32
        let output: [UInt8]
        let errors: [UInt8]
    }

    private let arguments: [String]
    private let input: [UInt8]
    private let environment: [String: String]
    private let limit: Duration

    /// - Parameters:
    ///   - arguments: the program, looked up in `PATH`, and what it is given.
    ///   - environment: set on top of what this process has.
    ///   - limit: how long it may take.
    init(
        _ arguments: [String], input: [UInt8] = [], environment: [String: String] = [:],
        limit: Duration = .seconds(120)
    ) {
        self.arguments = arguments
        self.input = input
        self.environment = environment
        self.limit = limit
    }

    /// Runs it and waits for its end, on a thread of its own.
    ///
    /// - Throws: where it takes too long or the task is cancelled, both of which end it.
    func run() async throws -> Result {
        try await onOwnThreadUntilCancelled { flag in try runBlocking(flag) }
    }

    private func runBlocking(_ flag: CancellationFlag) throws -> Result {
        let streams = try [input, [], []].map { try NamelessFile($0) }
        defer { for stream in streams { stream.close() } }
        let pid = try spawn(streams)
        let status = try waitForEnd(of: pid, flag)
        // The low seven bits hold a signal, the next byte the exit status (wait(2)).
        let exit = status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + (status & 0x7F)
        return Result(status: exit, output: try streams[1].contents(), errors: try streams[2].contents())
    }

    private static let lookMilliseconds: Int32 = 5

    /// - Returns: its status, as the kernel gives it.
    private func waitForEnd(of pid: pid_t, _ flag: CancellationFlag) throws -> Int32 {
        let began = ContinuousClock.now
        var machine = EndMachine(limit: limit)
        var status: Int32 = 0
        while waitpid(pid, &status, WNOHANG) == 0 {
            switch machine.saw(ContinuousClock.now - began, isUnwanted: flag.isCancelled) {
            case .send(let signal): kill(pid, signal)
            case .wait: poll(nil, 0, Self.lookMilliseconds)
            }
        }
        switch machine.reason {
        case nil: return status
        case .unwanted: throw CancellationError()
        case .late: throw Failure(.unavailable, "\(arguments[0]) did not end within \(limit.words) and was ended")
        }
    }

    private func spawn(_ streams: [NamelessFile]) throws -> pid_t {
        var launch = Launch(
            arguments: arguments, environment: wholeEnvironment().merging(environment) { $1 },
            folder: LocalFolder.workingFolder)
        launch.input = .descriptor(streams[0].descriptor)
        launch.output = .descriptor(streams[1].descriptor)
        launch.errorOutput = .descriptor(streams[2].descriptor)
        // Whoever asks for a password finds the terminal, and Ctrl-C ends it with us.
        launch.hasOwnSession = false
        do {
            return try launch.spawn()
        } catch {
            throw Failure(
                .unavailable, "cannot run \(arguments[0]): \(error.problem)",
                remedy: "Install it, or put it in PATH.")
        }
    }
}

/// A file that no name leads to any more.
private struct NamelessFile {
    let descriptor: Int32

    init(_ contents: [UInt8]) throws {
        var path = Array("\(variable("TMPDIR") ?? "/tmp")/skald-XXXXXX".utf8CString)
        descriptor = mkstemp(&path)
        guard descriptor >= 0 else { throw Self.failure("make a temporary file") }
        unlink(path)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        var sent = 0
        while sent < contents.count {
            let count = contents.withUnsafeBytes { write(descriptor, $0.baseAddress! + sent, contents.count - sent) }
            guard count > 0 else { throw Self.failure("write to a temporary file") }
            sent += count
        }
        lseek(descriptor, 0, SEEK_SET)
    }

    func contents() throws -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        lseek(descriptor, 0, SEEK_SET)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count <= 0 { return bytes }
            bytes += buffer[..<count]
        }
    }

    func close() { _ = Glibc.close(descriptor) }

    private static func failure(_ what: String) -> Failure {
        Failure(.unavailable, "cannot \(what): \(String(cString: strerror(errno)))", remedy: "TMPDIR names its folder.")
    }
}
