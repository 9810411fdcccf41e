import Glibc

/// One byte path for plain and TLS connections.
struct Transport: ~Copyable {
    private let socket: Socket
    private let session: TLSSession?

    /// Resolves, connects and shakes hands, all before the deadline, on the calling thread.
    init(
        to host: ConnectionConfiguration.Host, tls: TLSConfiguration?, deadline: UInt64, wake: Int32
    ) throws(AMQPError) {
        let socket = try Self.connectAny(
            to: host, at: Resolver.addresses(of: host), deadline: deadline, wake: wake)
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

    /// Connects to the first address that answers. Each has its share of the time left, so that one whose packets are lost
    /// does not hide those behind it.
    static func connectAny(
        to host: ConnectionConfiguration.Host, at addresses: [SocketAddress], deadline: UInt64, wake: Int32
    ) throws(AMQPError) -> Socket {
        var lastError = AMQPError(.unreachable, "the name \(host.name) has no address")
        for (index, address) in addresses.enumerated() {
            let now = MonotonicClock.now()
            let share = (max(deadline, now) - now) / UInt64(addresses.count - index)
            do {
                return try Socket.connect(to: address, host: host, deadline: now + share, wake: wake)
            } catch {
                if error.code == .closed { throw error }
                lastError = error
            }
        }
        throw lastError
    }
}
