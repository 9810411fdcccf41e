import CLinux
import Glibc

/// An eventfd that pulls a thread out of a blocking wait, for good: nobody reads it.
final class WakeDescriptor: Sendable {
    let descriptor: Int32

    init() throws(AMQPError) {
        descriptor = eventfd(0, Int32(EFD_NONBLOCK) | Int32(EFD_CLOEXEC))
        guard descriptor >= 0 else { throw Socket.systemError("cannot open an eventfd", errno) }
    }

    deinit {
        close(descriptor)
    }

    func signal() {
        _ = eventfd_write(descriptor, 1)
    }
}
