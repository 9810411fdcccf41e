import Glibc

/// Runs blocking work on a thread of its own and suspends until it is done.
///
/// Starting a server waits for processes, pipes and sockets. On the cooperative pool (one thread a core) that would
/// starve the code under test; a fresh thread costs 50 µs, which is nothing beside a server's start.
package func onOwnThread<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        do {
            try startThread { continuation.resume(with: Result { try work() }) }
        } catch {
            continuation.resume(throwing: error)
        }
    }
}

/// Starts a detached thread that runs `body` once.
package func startThread(_ body: @escaping @Sendable () -> Void) throws {
    let box = Unmanaged.passRetained(ThreadBody(run: body))
    var thread = pthread_t()
    let status = pthread_create(&thread, nil, runThreadBody, box.toOpaque())
    guard status == 0 else {
        box.release()
        throw LocalServerError.system("pthread_create", subject: "thread", number: status)
    }
    pthread_detach(thread)
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void
    init(run: @escaping @Sendable () -> Void) { self.run = run }
}

private func runThreadBody(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run()
    return nil
}
