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

    /// - Parameters:
    ///   - arguments: the program, looked up in `PATH`, and what it is given.
    ///   - environment: set on top of what this process has.
    init(_ arguments: [String], input: [UInt8] = [], environment: [String: String] = [:]) {
        self.arguments = arguments
        self.input = input
        self.environment = environment
    }

    /// Runs it on a thread of its own, as the wait for its end blocks.
    func run() async throws -> Result {
        try await Task.detached { try runBlocking() }.value
    }

    private func runBlocking() throws -> Result {
        let streams = try [input, [], []].map { try NamelessFile($0) }
        defer { for stream in streams { stream.close() } }
        let pid = try spawn(streams)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) == -1, errno == EINTR {}
        // The low seven bits hold a signal, the next byte the exit status (wait(2)).
        let exit = status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + (status & 0x7F)
        return Result(status: exit, output: try streams[1].contents(), errors: try streams[2].contents())
    }

    private func spawn(_ streams: [NamelessFile]) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (target, stream) in streams.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, stream.descriptor, Int32(target))
        }
        // Threads of a pool block signals, and a child would go on blocking them.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        let whole = wholeEnvironment().merging(environment) { $1 }
        var settings: [UnsafeMutablePointer<CChar>?] = whole.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for setting in settings { free(setting) } }
        var pid = pid_t()
        let status = posix_spawnp(&pid, arguments[0], &actions, &attributes, &words, &settings)
        guard status == 0 else {
            throw Failure(
                .unavailable, "cannot run \(arguments[0]): \(String(cString: strerror(status)))",
                remedy: "Install it, or put it in PATH.")
        }
        return pid
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
