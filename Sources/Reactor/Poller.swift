import CLinux
import Glibc

/// Waits for sockets with epoll, and for a wake-up from another thread with an eventfd.
///
/// Every call is safe from any thread (epoll_ctl(2), eventfd(2)); only ``wait(for:into:)`` belongs to one.
@safe
package struct Poller: ~Copyable, Sendable {
    private let epollDescriptor: Int32
    private let wakeDescriptor: Int32

    /// The key under which a wake-up shows.
    static let wakeKey: UInt64 = 0

    /// - Returns: nil where the process may open no more descriptors.
    init?() {
        epollDescriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
        wakeDescriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard epollDescriptor >= 0 && wakeDescriptor >= 0 else { return nil }
        // Watched for edges, so nobody ever has to read it.
        change(
            wakeDescriptor, key: Self.wakeKey, operation: EPOLL_CTL_ADD, events: EPOLLIN.rawValue | EPOLLET.rawValue)
    }

    deinit {
        close(epollDescriptor)
        close(wakeDescriptor)
    }

    /// What a socket is watched for.
    package struct Interest: OptionSet {
        package let rawValue: UInt32
        package static let read = Interest(rawValue: EPOLLIN.rawValue)
        package static let write = Interest(rawValue: EPOLLOUT.rawValue)

        package init(rawValue: UInt32) { self.rawValue = rawValue }
    }

    func add(_ descriptor: Int32, key: UInt64, interest: Interest) {
        change(descriptor, key: key, operation: EPOLL_CTL_ADD, events: interest.rawValue)
    }

    /// Changes what a socket is watched for. With no interest it is not watched at all: epoll reports a hang-up even where
    /// nothing was asked for, again and again.
    func modify(_ descriptor: Int32, key: UInt64, interest: Interest) {
        if interest.isEmpty { return remove(descriptor) }
        let isWatched = change(descriptor, key: key, operation: EPOLL_CTL_MOD, events: interest.rawValue)
        if !isWatched { add(descriptor, key: key, interest: interest) }
    }

    func remove(_ descriptor: Int32) {
        change(descriptor, key: 0, operation: EPOLL_CTL_DEL, events: 0)
    }

    func wake() {
        var one: UInt64 = 1
        _ = unsafe write(wakeDescriptor, &one, 8)
    }

    /// Waits until something happens or the time is over, and adds the keys of what happened.
    ///
    /// - Parameter milliseconds: 0 looks without waiting.
    func wait(milliseconds: Int32, into keys: inout [UInt64]) {
        unsafe withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: 64) { events in
            let count = unsafe epoll_wait(epollDescriptor, events.baseAddress, 64, milliseconds)
            guard count > 0 else { return }
            for index in 0..<Int(count) {
                let key = unsafe events[index].data.u64
                if key != Self.wakeKey { keys.append(key) }
            }
        }
    }

    /// - Returns: false when the socket is not being watched.
    @discardableResult
    private func change(_ descriptor: Int32, key: UInt64, operation: Int32, events: UInt32) -> Bool {
        var event = unsafe epoll_event()
        unsafe event.events = events
        unsafe event.data.u64 = key
        return unsafe epoll_ctl(epollDescriptor, operation, descriptor, &event) == 0 || errno != ENOENT
    }
}
