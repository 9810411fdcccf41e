import CLinux
import Glibc

/// Threads for what blocks: connecting, cancelling, the event loop itself.
enum BlockingThread {
    private final class Body {
        let name: String
        let run: @Sendable () -> Void

        init(name: String, run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }

    /// Starts a detached thread.
    @discardableResult
    static func start(name: String, _ run: @escaping @Sendable () -> Void) -> pthread_t {
        var thread = pthread_t()
        let body = unsafe Unmanaged.passRetained(Body(name: name, run: run)).toOpaque()
        let status = unsafe pthread_create(
            &thread, nil,
            { argument in
                let body = unsafe Unmanaged<Body>.fromOpaque(argument!).takeRetainedValue()
                _ = unsafe pthread_setname_np(pthread_self(), String(body.name.prefix(15)))
                body.run()
                return nil
            }, body)
        precondition(status == 0, "pthread_create failed with \(status)")
        pthread_detach(thread)
        return thread
    }

    /// Runs blocking work on a thread of its own and waits for it without blocking.
    static func run<Value: Sendable>(name: String, _ work: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            start(name: name) { continuation.resume(returning: work()) }
        }
    }
}
