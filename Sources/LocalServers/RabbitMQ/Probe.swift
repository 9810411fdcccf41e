import Glibc

/// Looks whether a server on loopback answers yet. Each look takes at most a few seconds.
enum Probe {
    /// Whether anybody accepts connections.
    static func accepts(port: UInt16) -> Bool { connected(to: port) != nil }

    /// Whether an AMQP 0-9-1 broker greets: it answers the protocol header with `connection.start` (section 2.2.4).
    ///
    /// An open port alone says less: a port forwarder opens before the broker behind it.
    static func speaksAMQP(port: UInt16) -> Bool {
        guard let descriptor = connected(to: port) else { return false }
        let connection = Descriptor(descriptor)
        let header: [UInt8] = Array("AMQP".utf8) + [0, 0, 9, 1]
        guard Glibc.send(connection.number, header, header.count, Int32(MSG_NOSIGNAL)) == header.count else {
            return false
        }
        // A method frame on channel 0, then class 10, method 10. The four bytes between hold the length.
        let greeting = receive(11, from: connection.number)
        return greeting.count == 11 && greeting[0..<3] == [1, 0, 0] && greeting[7..<11] == [0, 10, 0, 10]
    }

    /// Whether a Postgres server lets the superuser in over its socket.
    ///
    /// A server that is starting or recovering accepts the connection too, but answers the startup message with an error
    /// (57P03) and not with a request for authentication (manual, section 55.2.1).
    static func takesPostgresConnections(socket path: String) -> Bool {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        guard let descriptor = connected(AF_UNIX, &address) else { return false }
        let connection = Descriptor(descriptor)
        let body: [UInt8] = [0, 3, 0, 0] + Array("user\0postgres\0database\0postgres\0\0".utf8)
        let message = [0, 0, 0, UInt8(body.count + 4)] + body
        guard Glibc.send(connection.number, message, message.count, Int32(MSG_NOSIGNAL)) == message.count else {
            return false
        }
        return receive(1, from: connection.number) == [UInt8(ascii: "R")]
    }

    private static func connected(to port: UInt16) -> Int32? {
        var address = loopback(port)
        return connected(AF_INET, &address)
    }

    private static func connected<Address>(_ family: Int32, _ address: inout Address) -> Int32? {
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        var limit = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let status = withSocketAddress(&address) { connect(descriptor, $0, socklen_t(MemoryLayout<Address>.size)) }
        if status == 0 { return descriptor }
        close(descriptor)
        return nil
    }

    private static func receive(_ count: Int, from descriptor: Int32) -> [UInt8] {
        var received: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: count)
        while received.count < count {
            let got = recv(descriptor, &chunk, count - received.count, 0)
            if got < 0 && errno == EINTR { continue }
            guard got > 0 else { break }
            received += chunk[0..<got]
        }
        return received
    }
}
