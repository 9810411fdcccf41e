import Glibc

/// This program once more, as the participant. It is ended with its owner.
final class WorkerProcess: Sendable {
    let processID: pid_t

    init(_ environment: [String: String]) throws {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // Its log would stand between the figures, which go to standard output.
        posix_spawn_file_actions_adddup2(&actions, 2, 1)
        var words: [UnsafeMutablePointer<CChar>?] = [strdup("skald-bench"), strdup(BenchService.word), nil]
        var settings: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in words + settings { free(text) } }
        var pid = pid_t()
        let status = posix_spawn(&pid, "/proc/self/exe", &actions, &attributes, &words, &settings)
        guard status == 0 else {
            throw BaselineFailure(description: "cannot start the participant: \(String(cString: strerror(status)))")
        }
        processID = pid
    }

    /// Asks it to end and waits.
    func stop() {
        kill(processID, SIGTERM)
        var status: Int32 = 0
        while waitpid(processID, &status, 0) == -1, errno == EINTR {}
    }
}
