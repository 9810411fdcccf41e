import Glibc

/// A value guarded by a `pthread_mutex`.
///
/// `Synchronization.Mutex` is a futex on Linux that the thread sanitizer cannot see, so it reports races that are not
/// there; a pthread mutex is understood by every tool. Never call user code or resume a continuation inside the closure.
///
/// The value stands in memory of its own, so that reaching it costs no exclusivity check: the mutex is the exclusivity.
/// `@unchecked Sendable` is true because `state` is reached only between lock and unlock of `mutex`, and both live on the
/// heap for as long as the lock does.
///
/// `@usableFromInline`, for without it `withLock` is not inlined in other targets: it is then one generic function, which
/// reaches its closure and its result through metadata.
@usableFromInline
package final class Lock<State: ~Copyable>: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    @usableFromInline let state: UnsafeMutablePointer<State>

    package init(_ initial: consuming sending State) {
        mutex = .allocate(capacity: 1)
        state = .allocate(capacity: 1)
        state.initialize(to: initial)
        let status = pthread_mutex_init(mutex, nil)
        precondition(status == 0, "pthread_mutex_init failed with \(status)")
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
        state.deinitialize(count: 1)
        state.deallocate()
    }

    /// Runs `body` with exclusive access to the value.
    @inlinable
    package func withLock<Result: ~Copyable, Failure: Error>(
        _ body: (inout State) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        lock()
        defer { unlock() }
        return try body(&state.pointee)
    }

    @usableFromInline
    func lock() {
        let locked = pthread_mutex_lock(mutex)
        precondition(locked == 0, "pthread_mutex_lock failed")
    }

    @usableFromInline
    func unlock() {
        let unlocked = pthread_mutex_unlock(mutex)
        precondition(unlocked == 0, "pthread_mutex_unlock failed")
    }
}
