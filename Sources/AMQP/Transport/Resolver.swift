import Glibc

/// A socket address copied out of the resolver's list.
struct SocketAddress {
    var family: Int32
    var bytes: [UInt8]
}

/// Name resolution by the system. It blocks, so it runs on the connection's own thread only.
enum Resolver {
    /// The addresses of a host in the order the system prefers.
    static func addresses(of host: ConnectionConfiguration.Host) throws(AMQPError) -> [SocketAddress] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let status = unsafe getaddrinfo(host.name, String(host.port), &hints, &list)
        guard status == 0 else {
            let reason = unsafe String(cString: gai_strerror(status))
            throw AMQPError(.unreachable, "the name \(host.name) does not resolve: \(reason)")
        }
        defer { unsafe freeaddrinfo(list) }
        var result: [SocketAddress] = []
        var next = unsafe list
        while let entry = unsafe next {
            let raw = unsafe UnsafeRawBufferPointer(start: entry.pointee.ai_addr, count: Int(entry.pointee.ai_addrlen))
            unsafe result.append(SocketAddress(family: entry.pointee.ai_family, bytes: Array(raw)))
            unsafe next = entry.pointee.ai_next
        }
        return result
    }
}
