import LocalServers
import Telemetry

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Ctrl-C and a request to end: the first is told to whoever listens, the second ends the process at once.
///
/// A handler of a signal may do next to nothing (signal-safety(7)), so it writes one byte that a task reads.
final class Interruption: Sendable {
    static let shared = Interruption()

    private struct State {
        var isListening = false
        /// When the first came.
        var began: ContinuousClock.Instant?
        var hasCome: Bool { began != nil }
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var nextWaiter = 0
    }

    private let state = Lock(State())
    private static let sameWish = Duration.milliseconds(300)

    private init() {}

    /// Listens from now on; before that both signals end the process as usual.
    func listen() throws {
        let isFirst = state.withLock { state in
            defer { state.isListening = true }
            return !state.isListening
        }
        guard isFirst else { return }
        let pipe = SignalPipe.shared
        for number in [SIGINT, SIGTERM] { signal(number) { _ in SignalPipe.shared.tell() } }
        try startThread { [self] in
            while pipe.wait() { came() }
        }
    }

    /// Whether a signal has come.
    var hasCome: Bool { state.withLock { $0.hasCome } }

    /// Waits for the first signal, or until the task is cancelled.
    func untilItComes() async {
        let waiter = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.hasCome || Task.isCancelled { return true }
                    state.waiters[waiter] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: waiter) }?.resume()
        }
    }

    private func came() {
        let waiters = state.withLock { state in
            if let began = state.began {
                // Shells and timeout(1) tell a process and its group, which is one wish and comes twice.
                if ContinuousClock.now - began < Self.sameWish { return [CheckedContinuation<Void, Never>]() }
                // What this process started is ended by the watchdogs.
                _exit(ExitCode.interrupted.rawValue)
            }
            state.began = .now
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume() }
    }
}

/// A pipe from the handler of a signal to a thread.
private final class SignalPipe: Sendable {
    static let shared = SignalPipe()

    private let readEnd: Int32
    private let writeEnd: Int32

    private init() {
        var ends: [Int32] = [-1, -1]
        let status = pipe(&ends)
        precondition(status == 0, "no pipe for signals: errno \(errno)")
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        (readEnd, writeEnd) = (ends[0], ends[1])
    }

    /// Called in the handler of a signal.
    func tell() {
        var byte: UInt8 = 1
        _ = write(writeEnd, &byte, 1)
    }

    /// Waits for the next signal. Blocks.
    func wait() -> Bool {
        var byte: UInt8 = 0
        while true {
            let count = read(readEnd, &byte, 1)
            if count == 1 { return true }
            if count == 0 || errno != EINTR { return false }
        }
    }
}

/// Runs `body` until it ends by itself or a signal comes, which cancels it.
///
/// - Returns: what it returned; nil where it was cancelled and said so.
func untilInterrupted<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) async throws -> Result? {
    try Interruption.shared.listen()
    return try await withThrowingTaskGroup(of: Result?.self) { group in
        group.addTask { try await body() }
        group.addTask {
            await Interruption.shared.untilItComes()
            return nil
        }
        var result: Result?
        do {
            result = try await group.next() ?? nil
            if result == nil {
                group.cancelAll()
                result = try await group.next() ?? nil
            }
        } catch is CancellationError {}
        group.cancelAll()
        return result
    }
}
