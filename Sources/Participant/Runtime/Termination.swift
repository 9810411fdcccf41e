import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The end of a process in order: what runs is cancelled when the system asks the process to end.
public enum Termination {
    /// Runs a service until it ends by itself, or the process gets SIGTERM or SIGINT; a second signal ends it at once.
    ///
    /// - Throws: what the service throws, unless it was asked to end.
    public static func untilAsked(_ service: @escaping @Sendable () async throws -> Void) async throws {
        let running = Task { try await service() }
        TerminationSignals.onFirst { running.cancel() }
        do {
            try await running.value
        } catch {
            if !running.isCancelled { throw error }
        }
    }
}

/// SIGTERM and SIGINT, carried from the handler, which may do next to nothing, to a thread that may do anything.
private enum TerminationSignals {
    private static let pipe = Atomic<Int32>(-1)

    static func onFirst(_ body: @escaping @Sendable () -> Void) {
        var ends: [Int32] = [-1, -1]
        guard Glibc.pipe(&ends) == 0 else { return }
        pipe.store(ends[1], ordering: .sequentiallyConsistent)
        for number in [SIGTERM, SIGINT] {
            signal(number) { number in
                let end = TerminationSignals.pipe.exchange(-1, ordering: .sequentiallyConsistent)
                if end < 0 { _exit(128 + number) }
                close(end)
            }
        }
        let reading = ends[0]
        Thread.detach {
            var byte: UInt8 = 0
            while read(reading, &byte, 1) < 0, errno == EINTR {}
            close(reading)
            body()
        }
    }
}

/// A thread of its own for a wait that blocks.
private enum Thread {
    static func detach(_ body: @escaping @Sendable () -> Void) {
        let box = Unmanaged.passRetained(ThreadBody(body))
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().body() }
                return nil
            }, box.toOpaque())
        if status == 0 { pthread_detach(thread) } else { box.release() }
    }
}

private final class ThreadBody: Sendable {
    let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}
