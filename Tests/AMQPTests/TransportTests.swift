import Glibc
import Testing

@testable import AMQP

@Suite struct TransportTests {
    /// As where a name has an IPv6 address whose packets are lost on the way, and an IPv4 address that works.
    @Test func anAddressThatDoesNotAnswerDoesNotHideTheNext() throws {
        let silent = try Listener(backlog: 0)
        let good = try Listener()
        let callers = try Self.fill(silent)
        defer { for caller in callers { close(caller) } }
        let wake = try WakeDescriptor()
        let host = ConnectionConfiguration.Host("both", port: 1)
        let addresses = try [silent, good].flatMap {
            try Resolver.addresses(of: ConnectionConfiguration.Host("127.0.0.1", port: $0.port))
        }
        let socket = try Transport.connectAny(
            to: host, at: addresses, deadline: MonotonicClock.now() + 1_000_000_000, wake: wake.descriptor)
        #expect(socket.descriptor >= 0)
        _ = try good.accept()
        let error = #expect(throws: AMQPError.self) {
            _ = try Transport.connectAny(
                to: host, at: [addresses[0]], deadline: MonotonicClock.now() + 50_000_000, wake: wake.descriptor)
        }
        #expect(error?.code == .timedOut)
    }

    /// Calls until nobody is let in any more: Linux drops the packets of whoever comes then.
    private static func fill(_ listener: Listener) throws -> [Int32] {
        let address = try #require(
            Resolver.addresses(of: ConnectionConfiguration.Host("127.0.0.1", port: listener.port)).first)
        return (0..<4).map { _ in
            let caller = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC | O_NONBLOCK, 0)
            address.bytes.withUnsafeBytes { bytes in
                _ = connect(caller, bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
            }
            return caller
        }
    }
}
