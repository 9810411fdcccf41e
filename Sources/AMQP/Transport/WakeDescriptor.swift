import CLinux
import Glibc

/// An eventfd that pulls the I/O thread out of its wait.
///
/// It is watched for edges, so nobody ever has to read it.
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
