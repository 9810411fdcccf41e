import Glibc

/// A free TCP port on loopback, held against other servers of ours on this machine.
///
/// Two rules keep a server's port its own, also while the server is down between a stop and a start:
/// - It lies outside the range the kernel takes source ports from. Inside it, a client that knocks in a loop at the
///   stopped server's port can be given that very port as its source, connect to itself, and block the restart.
/// - While the reservation lives, an abstract socket named after the port is bound; a second process that draws the same
///   number sees it taken. The kernel frees the name when the owner ends, however it ends.
final class PortReservation: Sendable {
    let port: UInt16
    private let claim: Descriptor

    private init(port: UInt16, claim: consuming Descriptor) {
        self.port = port
        self.claim = claim
    }

    /// Draws random ports until one is free.
    static func any() throws -> PortReservation {
        let ports = 20000..<min(firstSourcePort(), 32000)
        for _ in 0..<200 {
            if let reservation = take(UInt16(Int.random(in: ports))) { return reservation }
        }
        throw LocalServerError(
            .system, subject: "ports",
            problem: "no free port found between \(ports.lowerBound) and \(ports.upperBound)",
            remedy: "stop some servers on this machine")
    }

    /// The port asked for, or any when none was.
    static func wanted(_ port: UInt16?, by subject: String) throws -> PortReservation {
        guard let port else { return try any() }
        guard let reservation = take(port) else {
            throw LocalServerError(
                .startFailed, subject: subject, problem: "port \(port) on 127.0.0.1 is taken",
                remedy: "stop what listens there or choose another port")
        }
        return reservation
    }

    /// Claims `port`, or nil when somebody has it.
    static func take(_ port: UInt16) -> PortReservation? {
        let number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { return nil }
        let claim = Descriptor(number)
        guard bindAbstractName("skald-port-\(port)", claim.number), isFree(port) else { return nil }
        return PortReservation(port: port, claim: claim)
    }

    private static func bindAbstractName(_ name: String, _ descriptor: Int32) -> Bool {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        // The leading zero byte of the path makes the name abstract: it lives in the kernel and in no folder.
        withUnsafeMutableBytes(of: &address.sun_path) { $0[1...].copyBytes(from: name.utf8) }
        let size = MemoryLayout<sa_family_t>.size + 1 + name.utf8.count
        return withSocketAddress(&address) { bind(descriptor, $0, socklen_t(size)) == 0 }
    }

    private static func isFree(_ port: UInt16) -> Bool {
        let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { return false }
        let probe = Descriptor(number)
        // Like the servers themselves, look past connections that are only fading away.
        var yes: Int32 = 1
        setsockopt(probe.number, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = loopback(port)
        return withSocketAddress(&address) {
            bind(probe.number, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 && listen(probe.number, 1) == 0
        }
    }

    /// Where the kernel's range of source ports begins.
    private static func firstSourcePort() -> Int {
        let text = readFile("/proc/sys/net/ipv4/ip_local_port_range") ?? ""
        let first = text.split(whereSeparator: \.isWhitespace).first.flatMap { Int($0) } ?? 32768
        return max(first, 20200)
    }
}

/// The address of `port` on 127.0.0.1.
func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return address
}

/// Lends any kind of socket address as the `sockaddr` that the calls take.
func withSocketAddress<Address, Result>(
    _ address: inout Address, _ body: (UnsafeMutablePointer<sockaddr>) -> Result
) -> Result {
    withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1, body)
    }
}
