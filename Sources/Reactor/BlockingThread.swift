import CLinux
import Glibc

/// Threads for what blocks: connecting, cancelling, the event loop itself.
package enum BlockingThread {
    private final class Body: Sendable {
        private let name: String
        private let work: @Sendable () -> Void

        init(name: String, work: @escaping @Sendable () -> Void) {
            self.name = name
            self.work = work
        }

        func run() {
            _ = unsafe pthread_setname_np(pthread_self(), String(name.prefix(15)))
            blockSignals()
            work()
        }
    }

    /// Starts a detached thread.
    package static func start(name: String, _ work: @escaping @Sendable () -> Void) {
        let isStarted = startIfPossible(name: name, work)
        precondition(isStarted, "the system has no thread left for \(name)")
    }

    /// Starts a detached thread.
    ///
    /// - Returns: whether the system had one left.
    package static func startIfPossible(name: String, _ work: @escaping @Sendable () -> Void) -> Bool {
        var thread = pthread_t()
        let body = unsafe Unmanaged.passRetained(Body(name: name, work: work))
        let status = unsafe pthread_create(
            &thread, nil,
            { argument in
                unsafe Unmanaged<Body>.fromOpaque(argument!).takeRetainedValue().run()
                return nil
            }, body.toOpaque())
        guard status == 0 else {
            unsafe body.release()
            return false
        }
        pthread_detach(thread)
        return true
    }

    /// OpenSSL writes without MSG_NOSIGNAL: a server that goes away would end the process with SIGPIPE. The program's own
    /// signals belong to its own threads anyway.
    private static func blockSignals() {
        var all = sigset_t()
        unsafe sigfillset(&all)
        unsafe pthread_sigmask(SIG_BLOCK, &all, nil)
    }

    /// Runs blocking work on a thread of its own and waits for it without blocking.
    package static func run<Value: Sendable>(name: String, _ work: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            start(name: name) { continuation.resume(returning: work()) }
        }
    }
}
