import CLinux
import Glibc

/// Waits for sockets with epoll, for a wake-up from another thread with an eventfd, and for a time with a timerfd: a timeout of
/// epoll_wait(2) would start and stop a kernel timer at every wait.
///
/// Every call is safe from any thread (epoll_ctl(2), eventfd(2), timerfd_settime(2)); only ``wait(isAwaited:into:)`` belongs to
/// one.
@safe
package struct Poller: ~Copyable, Sendable {
    private let epollDescriptor: Int32
    private let wakeDescriptor: Int32
    private let timerDescriptor: Int32

    /// The key under which a wake-up shows. Those of sockets lie between it and that of the alarm.
    static let wakeKey: UInt64 = 0
    private static let alarmKey = UInt64.max

    /// - Returns: nil where the process may open no more descriptors.
    init?() {
        epollDescriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
        wakeDescriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        timerDescriptor = timerfd_create(CLOCK_MONOTONIC, Int32(TFD_CLOEXEC | TFD_NONBLOCK))
        guard epollDescriptor >= 0 && wakeDescriptor >= 0 && timerDescriptor >= 0 else { return nil }
        // Watched for edges, so nobody ever has to read them.
        let edges = EPOLLIN.rawValue | EPOLLET.rawValue
        guard
            change(wakeDescriptor, key: Self.wakeKey, operation: EPOLL_CTL_ADD, events: edges) == 0,
            change(timerDescriptor, key: Self.alarmKey, operation: EPOLL_CTL_ADD, events: edges) == 0
        else { return nil }
    }

    deinit {
        close(epollDescriptor)
        close(wakeDescriptor)
        close(timerDescriptor)
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
        let status = change(descriptor, key: key, operation: EPOLL_CTL_MOD, events: interest.rawValue)
        if status == ENOENT { add(descriptor, key: key, interest: interest) }
    }

    func remove(_ descriptor: Int32) {
        change(descriptor, key: 0, operation: EPOLL_CTL_DEL, events: 0)
    }

    func wake() {
        var one: UInt64 = 1
        _ = unsafe write(wakeDescriptor, &one, 8)
    }

    /// Ends the wait once this time has come, which takes the place of the time set before.
    func setAlarm(_ time: MonotonicTime) {
        // Zero would call it off.
        let nanoseconds = max(time.nanoseconds, 1)
        let due = timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
        var value = itimerspec(it_interval: timespec(), it_value: due)
        unsafe timerfd_settime(timerDescriptor, Int32(TFD_TIMER_ABSTIME), &value, nil)
    }

    /// Adds the keys of what has happened.
    ///
    /// - Parameter isAwaited: waits until something has; otherwise only looks.
    /// - Returns: whether the alarm has rung.
    func wait(isAwaited: Bool, into keys: inout [UInt64]) -> Bool {
        unsafe withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: 64) { events in
            let count = unsafe epoll_wait(epollDescriptor, events.baseAddress, 64, isAwaited ? -1 : 0)
            guard count > 0 else { return false }
            var hasRung = false
            for index in 0..<Int(count) {
                switch unsafe events[index].data.u64 {
                case Self.wakeKey: break
                case Self.alarmKey: hasRung = true
                case let key: keys.append(key)
                }
            }
            return hasRung
        }
    }

    /// - Returns: 0, or why not; `ENOENT` for a socket that is not being watched.
    @discardableResult
    private func change(_ descriptor: Int32, key: UInt64, operation: Int32, events: UInt32) -> Int32 {
        var event = unsafe epoll_event()
        unsafe event.events = events
        unsafe event.data.u64 = key
        return unsafe epoll_ctl(epollDescriptor, operation, descriptor, &event) == 0 ? 0 : errno
    }
}
