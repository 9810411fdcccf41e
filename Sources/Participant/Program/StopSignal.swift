import Telemetry

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Waits for SIGTERM or SIGINT, so that a program ends in order.
///
/// A second one ends the process at once: whoever sends it has waited long enough, and nothing is lost by it.
enum StopSignal {
    private static let signals: [Int32] = [SIGTERM, SIGINT]

    /// Takes the signals away from all threads; those made later inherit it, so this comes first in `main`.
    static func block() {
        var set = set
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Returns when one has come, or when the task is cancelled.
    static func received() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDue = state.withLock { state -> Bool in
                    if Task.isCancelled { return true }
                    state.waiter = continuation
                    return false
                }
                if isDue { return continuation.resume() }
                startThread()
            }
        } onCancel: {
            wake()
        }
    }

    private struct State {
        var waiter: CheckedContinuation<Void, Never>?
        var hasThread = false
    }

    private static let state = Lock(State())

    private static func wake() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    private static func startThread() {
        let isNeeded = state.withLock { state -> Bool in
            defer { state.hasThread = true }
            return !state.hasThread
        }
        if !isNeeded { return }
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { _ in
                StopSignal.next()
                StopSignal.wake()
                let signal = StopSignal.next()
                _exit(128 + signal)
            }, nil)
        pthread_detach(thread)
    }

    @discardableResult
    private static func next() -> Int32 {
        var set = set
        var signal: Int32 = 0
        while sigwait(&set, &signal) != 0 {}
        return signal
    }

    private static var set: sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal) }
        return set
    }
}
