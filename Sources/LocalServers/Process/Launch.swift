import CLinux
import Glibc

/// What a child process is given: program, arguments, environment, folder and its three streams.
///
/// A child never inherits anything else: no environment of the caller, no open descriptor (a server that holds the pipe
/// of `swift test` would make that wait for ever), no signal mask, not how an event loop waits for the processor, and unless
/// asked for no terminal.
package struct Launch {
    /// Where a stream of the child comes from or goes to.
    package enum Stream {
        case nothing
        case descriptor(Int32)
        /// Appended to, made if it is not there.
        case file(String)
    }

    package var arguments: [String]
    package var environment: [String: String]
    package var folder: String
    package var input: Stream = .nothing
    package var output: Stream = .nothing
    package var errorOutput: Stream = .nothing
    /// Whether it gets a session of its own, so that a Ctrl-C in the terminal does not reach it.
    package var hasOwnSession = true

    package init(
        arguments: [String], environment: [String: String], folder: String, input: Stream = .nothing,
        output: Stream = .nothing, errorOutput: Stream = .nothing
    ) {
        self.arguments = arguments
        self.environment = environment
        self.folder = folder
        self.input = input
        self.output = output
        self.errorOutput = errorOutput
    }

    /// Starts the child.
    package func spawn() throws(LocalServerError) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        connect(input, to: 0, with: O_RDONLY, in: &actions)
        connect(output, to: 1, with: O_WRONLY | O_CREAT | O_APPEND, in: &actions)
        connect(errorOutput, to: 2, with: O_WRONLY | O_CREAT | O_APPEND, in: &actions)
        posix_spawn_file_actions_addchdir_np(&actions, folder)
        posix_spawn_file_actions_addclosefrom_np(&actions, 3)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        setCleanStart(&attributes)

        let settings = environment.map { "\($0.key)=\($0.value)" }
        var pid = pid_t()
        let status = withCStrings(arguments) { argv in
            withCStrings(settings) { envp in posix_spawnp(&pid, arguments[0], &actions, &attributes, argv, envp) }
        }
        guard status == 0 else {
            throw LocalServerError.system("starting \(arguments[0]) in \(folder)", subject: "process", number: status)
        }
        return pid
    }

    private func connect(
        _ stream: Stream, to target: Int32, with flags: Int32, in actions: inout posix_spawn_file_actions_t
    ) {
        switch stream {
        case .nothing: posix_spawn_file_actions_addopen(&actions, target, "/dev/null", O_RDWR, 0)
        case .descriptor(let number): posix_spawn_file_actions_adddup2(&actions, number, target)
        case .file(let path): posix_spawn_file_actions_addopen(&actions, target, path, flags, 0o644)
        }
    }

    private func setCleanStart(_ attributes: inout posix_spawnattr_t) {
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        var flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        if hasOwnSession { flags |= Int32(SKALD_POSIX_SPAWN_SETSID) }
        let isLoops = sched_getscheduler(0) == Int32(SKALD_SCHED_BATCH) && sched_getscheduler(getpid()) == SCHED_OTHER
        if isLoops { flags |= POSIX_SPAWN_SETSCHEDULER }
        posix_spawnattr_setflags(&attributes, Int16(flags))
    }
}

/// Lends `strings` as the null-terminated array of C strings that `exec` wants.
private func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
    pointers.append(nil)
    defer { for pointer in pointers { free(pointer) } }
    return pointers.withUnsafeMutableBufferPointer { body($0.baseAddress!) }
}
