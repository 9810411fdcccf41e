import Glibc

/// A connected, non-blocking TCP socket, closed with its owner.
struct Socket: ~Copyable {
    let descriptor: Int32

    private init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// Connects to one address before the deadline.
    ///
    /// - Parameter wake: a descriptor that becomes readable when the attempt is to be given up.
    static func connect(
        to address: SocketAddress, host: ConnectionConfiguration.Host, deadline: UInt64, wake: Int32
    ) throws(AMQPError) -> Socket {
        let descriptor = socket(address.family, Int32(SOCK_STREAM.rawValue) | O_NONBLOCK | O_CLOEXEC, 0)
        guard descriptor >= 0 else { throw systemError("cannot open a socket", errno) }
        let result = Socket(descriptor: descriptor)
        result.setOptions()
        let status = unsafe address.bytes.withUnsafeBytes { bytes in
            unsafe Glibc.connect(
                descriptor, bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
        }
        if status == 0 { return result }
        guard errno == EINPROGRESS else { throw systemError("cannot connect to \(host)", errno) }
        try Poll.wait(descriptor, for: Int16(POLLOUT), deadline: deadline, wake: wake, what: "connecting to \(host)")
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
        guard code == 0 else { throw systemError("cannot connect to \(host)", code) }
        return result
    }

    /// Reads what is there.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> TransferResult {
        while true {
            let count = unsafe recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count > 0 { return .bytes(count) }
            if count == 0 { return .ended }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .wouldBlock
            case let code: return .failed(Self.systemError("reading from the broker failed", code))
            }
        }
    }

    /// Writes as much as the kernel takes.
    func write(_ buffer: UnsafeRawBufferPointer) -> TransferResult {
        while true {
            let count = unsafe send(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL))
            if count >= 0 { return .bytes(count) }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .wouldBlock
            case let code: return .failed(Self.systemError("writing to the broker failed", code))
            }
        }
    }

    /// No TCP_USER_TIMEOUT: it ends a connection whose window stays closed, as under an alarm, though the broker is heard.
    private func setOptions() {
        setOption(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        setOption(SOL_SOCKET, SO_KEEPALIVE, 1)
    }

    private func setOption(_ level: Int32, _ name: Int32, _ value: Int32) {
        var value = value
        unsafe setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    static func systemError(_ what: String, _ code: Int32) -> AMQPError {
        let reason = unsafe String(cString: strerror(code))
        let kind: AMQPError.Code = what.hasPrefix("cannot") ? .unreachable : .connectionClosed
        return AMQPError(kind, "\(what): \(reason)")
    }
}

/// What one read or write did.
enum TransferResult {
    case bytes(Int)
    case wouldBlock
    /// The other side has ended its stream.
    case ended
    case failed(AMQPError)
}

/// Waiting for one descriptor before the loop runs.
enum Poll {
    /// - Throws: `timedOut` at the deadline, `closed` when `wake` became readable.
    static func wait(
        _ descriptor: Int32, for events: Int16, deadline: UInt64, wake: Int32, what: String
    ) throws(AMQPError) {
        while true {
            let now = MonotonicClock.now()
            guard now < deadline else { throw AMQPError(.timedOut, "\(what) took longer than the connect timeout") }
            var descriptors = [
                pollfd(fd: descriptor, events: events, revents: 0), pollfd(fd: wake, events: Int16(POLLIN), revents: 0),
            ]
            let milliseconds = Int32(clamping: (deadline - now) / 1_000_000 + 1)
            let ready = unsafe poll(&descriptors, 2, milliseconds)
            if ready < 0, errno != EINTR { throw Socket.systemError("waiting for the broker failed", errno) }
            if descriptors[1].revents != 0 { throw AMQPError(.closed, "the connection was closed while \(what)") }
            if descriptors[0].revents != 0 { return }
        }
    }
}
