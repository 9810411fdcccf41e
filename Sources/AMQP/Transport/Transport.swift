import Glibc

/// One byte path for plain and TLS connections.
struct Transport: ~Copyable {
    private let socket: Socket
    private let session: TLSSession?

    /// Resolves, connects and shakes hands, all before the deadline, on the calling thread.
    init(
        to host: ConnectionConfiguration.Host, tls: TLSConfiguration?, deadline: UInt64, wake: Int32,
        userTimeout: Duration
    ) throws(AMQPError) {
        let socket = try Self.connectAny(to: host, deadline: deadline, wake: wake, userTimeout: userTimeout)
        if let tls {
            let context = try TLSContext.make(tls)
            let session = try context.session(over: socket, host: host.name)
            try session.handshake(descriptor: socket.descriptor, deadline: deadline, wake: wake)
            self.session = consume session
        } else {
            session = nil
        }
        self.socket = socket
    }

    var descriptor: Int32 { socket.descriptor }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> TransferResult {
        switch session {
        case .some(let session): unsafe session.read(into: buffer)
        case .none: unsafe socket.read(into: buffer)
        }
    }

    func write(_ buffer: UnsafeRawBufferPointer) -> TransferResult {
        switch session {
        case .some(let session): unsafe session.write(buffer)
        case .none: unsafe socket.write(buffer)
        }
    }

    private static func connectAny(
        to host: ConnectionConfiguration.Host, deadline: UInt64, wake: Int32, userTimeout: Duration
    ) throws(AMQPError) -> Socket {
        var lastError = AMQPError(.unreachable, "the name \(host.name) has no address")
        for address in try Resolver.addresses(of: host) {
            do {
                return try Socket.connect(
                    to: address, host: host, deadline: deadline, wake: wake, userTimeout: userTimeout)
            } catch {
                lastError = error
            }
        }
        throw lastError
    }
}
