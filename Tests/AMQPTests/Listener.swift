import Glibc
import Synchronization
import Testing

/// A listening socket on loopback, for what a broker is too well-behaved to do.
final class Listener: Sendable {
    let descriptor: Int32
    let port: UInt16

    init(backlog: Int32 = 16) throws {
        let own = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutableBytes(of: &address) { bytes in
            let pointer = bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self)
            return bind(own, pointer, size) == 0 && listen(own, backlog) == 0
                && getsockname(own, pointer, &size) == 0
        }
        descriptor = own
        port = UInt16(bigEndian: address.sin_port)
        try #require(isListening)
    }

    deinit { close(descriptor) }

    /// The next connection.
    func accept() throws -> Peer {
        let peer = Glibc.accept(descriptor, nil, nil)
        try #require(peer >= 0)
        return Peer(descriptor: peer)
    }

    /// The other end of a connection.
    final class Peer: Sendable {
        private let descriptor: Int32
        private let isReset = Atomic(false)

        fileprivate init(descriptor: Int32) { self.descriptor = descriptor }

        deinit {
            if !isReset.load(ordering: .relaxed) { close(descriptor) }
        }

        /// Hangs up as a program does that ends with something unread. It writes no more.
        func reset() {
            var atOnce = linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &atOnce, socklen_t(MemoryLayout<linger>.size))
            close(descriptor)
            isReset.store(true, ordering: .relaxed)
        }

        func write(_ bytes: [UInt8]) {
            #expect(Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count)
        }
    }
}
