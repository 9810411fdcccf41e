import Glibc

@testable import LocalServers

/// A server on loopback that sends back what it gets, one thread a connection.
final class EchoServer: Sendable {
    private let reservation: PortReservation
    private let listener: Int32

    var port: UInt16 { reservation.port }

    init() throws {
        reservation = try .any()
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        // The port may have been another server's a moment ago, with connections that are still fading away.
        var yes: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = loopback(reservation.port)
        let isListening = withSocketAddress(&address) {
            bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 && listen(listener, 16) == 0
        }
        guard isListening else { throw LocalServerError.system("listen", subject: "echo server") }
        try startThread { [listener] in
            while case let connection = acceptConnection(on: listener, isBlocking: true), connection >= 0 {
                try? startThread { Self.echo(connection) }
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    private static func echo(_ connection: Int32) {
        var chunk = [UInt8](repeating: 0, count: 4096)
        while case let count = recv(connection, &chunk, chunk.count, 0), count > 0 {
            var sent = 0
            while sent < count {
                let step = send(connection, Array(chunk[sent..<count]), count - sent, Int32(MSG_NOSIGNAL))
                if step <= 0 { break }
                sent += step
            }
        }
        close(connection)
    }
}

/// A blocking client whose waits end after ten seconds.
final class TestClient: Sendable {
    private let descriptor: Int32

    init(port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = loopback(port)
        let status = withSocketAddress(&address) {
            connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
        guard status == 0 else { throw LocalServerError.system("connect", subject: "test client") }
    }

    func close() { _ = Glibc.close(descriptor) }

    func send(_ text: String) {
        let bytes = Array(text.utf8)
        _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// Sends `text` and waits for as many bytes back.
    func echo(_ text: String) async throws -> String {
        try startThread { self.send(text) }
        return try await receive(text.utf8.count)
    }

    func receive(_ count: Int) async throws -> String {
        try await onOwnThread {
            var received: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 65536)
            while received.count < count {
                let got = recv(self.descriptor, &chunk, chunk.count, 0)
                guard got > 0 else { throw LocalServerError.system("recv", subject: "test client") }
                received += chunk[0..<got]
            }
            return String(decoding: received, as: UTF8.self)
        }
    }

    /// Reads to the end: 0 when the peer closed, otherwise the error number.
    func receiveEnd() async throws -> Int32 {
        try await onOwnThread {
            var chunk = [UInt8](repeating: 0, count: 4096)
            while true {
                let got = recv(self.descriptor, &chunk, chunk.count, 0)
                if got == 0 { return 0 }
                if got < 0 { return errno }
            }
        }
    }
}
