import CLinux
import Glibc

/// A file descriptor, closed with its last owner.
struct Descriptor: ~Copyable, Sendable {
    let number: Int32

    init(_ number: Int32) { self.number = number }

    deinit { close(number) }

    /// Two connected sockets that no child inherits.
    ///
    /// Sockets and not a pipe, because `send` can be told not to raise SIGPIPE when the other side is gone.
    static func pair() throws -> DescriptorPair {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            throw LocalServerError.system("socketpair", subject: "process channel")
        }
        return DescriptorPair(near: Descriptor(ends[0]), far: Descriptor(ends[1]))
    }

    /// Sends all of `text`; false when the other side is gone.
    borrowing func send(_ text: String) -> Bool {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let sent = bytes.withUnsafeBytes {
                Glibc.send(number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if sent < 0 && errno == EINTR { continue }
            guard sent > 0 else { return false }
            bytes = bytes.dropFirst(sent)
        }
        return true
    }
}

/// Two ends of one channel: `near` stays here, `far` is given to a child.
struct DescriptorPair: ~Copyable {
    let near: Descriptor
    let far: Descriptor
}

/// Takes a waiting connection; below zero when there is none.
///
/// No child may inherit it, not even one that is spawned at this very moment: a copy of the socket in a stranger's hands
/// keeps the connection open after we closed it.
func acceptConnection(on listener: Int32, isBlocking: Bool) -> Int32 {
    let kind = Int32(SOCK_CLOEXEC.rawValue) | (isBlocking ? 0 : Int32(SOCK_NONBLOCK.rawValue))
    return accept4(listener, nil, nil, kind)
}
