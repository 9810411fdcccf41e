import CLinux
import Glibc

/// epoll over the socket and the wake descriptor.
struct Poller: ~Copyable {
    /// What can be done without blocking.
    struct Ready {
        var isReadable = false
        var isWritable = false
    }

    private let descriptor: Int32
    private let socket: Int32

    private init(descriptor: Int32, socket: Int32) {
        self.descriptor = descriptor
        self.socket = socket
    }

    init(socket: Int32, wake: Int32) throws(AMQPError) {
        let descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard descriptor >= 0 else { throw Socket.systemError("cannot open an epoll", errno) }
        self.init(descriptor: descriptor, socket: socket)
        add(socket, EPOLLIN.rawValue)
        add(wake, EPOLLIN.rawValue | EPOLLET.rawValue)
    }

    deinit {
        close(descriptor)
    }

    /// Waits until something is ready or the deadline (monotonic nanoseconds, `UInt64.max` for none) has come.
    func wait(now: UInt64, deadline: UInt64, wantsWrite: Bool) throws(AMQPError) -> Ready {
        if wantsWrite { change(EPOLLIN.rawValue | EPOLLOUT.rawValue) }
        defer { if wantsWrite { change(EPOLLIN.rawValue) } }
        var events = unsafe (epoll_event(), epoll_event())
        let milliseconds = Self.milliseconds(now: now, deadline: deadline)
        let count = unsafe withUnsafeMutablePointer(to: &events) { pointer in
            unsafe pointer.withMemoryRebound(to: epoll_event.self, capacity: 2) { events in
                unsafe epoll_wait(descriptor, events, 2, milliseconds)
            }
        }
        guard count >= 0 || errno == EINTR else { throw Socket.systemError("waiting for the broker failed", errno) }
        var ready = Ready()
        if count > 0 { unsafe note(events.0, &ready) }
        if count > 1 { unsafe note(events.1, &ready) }
        return ready
    }

    private func note(_ event: epoll_event, _ ready: inout Ready) {
        guard unsafe event.data.fd == socket else { return }
        ready.isReadable = unsafe event.events & ~EPOLLOUT.rawValue != 0
        ready.isWritable = unsafe event.events & EPOLLOUT.rawValue != 0
    }

    private static func milliseconds(now: UInt64, deadline: UInt64) -> Int32 {
        if deadline == .max { return -1 }
        if deadline <= now { return 0 }
        return Int32(clamping: (deadline - now + 999_999) / 1_000_000)
    }

    private func add(_ watched: Int32, _ events: UInt32) {
        var event = unsafe epoll_event(events: events, data: epoll_data_t(fd: watched))
        unsafe epoll_ctl(descriptor, EPOLL_CTL_ADD, watched, &event)
    }

    private func change(_ events: UInt32) {
        var event = unsafe epoll_event(events: events, data: epoll_data_t(fd: socket))
        unsafe epoll_ctl(descriptor, EPOLL_CTL_MOD, socket, &event)
    }
}
