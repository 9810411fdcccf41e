extension ConnectionConfiguration {
    /// Reads `amqp://user:password@host:port/vhost`, or `amqps` for TLS (RabbitMQ URI specification).
    ///
    /// Several hosts may stand separated by commas. Without a path the virtual host is `/`; `%2f` stands for a slash.
    ///
    /// - Throws: `invalidArgument`, naming the part that cannot be read and never the password.
    public init(url: String, name: String = "skald-amqp") throws(AMQPError) {
        func refuse(_ why: String) -> AMQPError {
            AMQPError(.invalidArgument, "\(why); expected amqp://user:password@host:port/vhost")
        }
        let schemes: [(prefix: String, port: UInt16, tls: TLSConfiguration?)] = [
            ("amqp://", 5672, nil), ("amqps://", 5671, TLSConfiguration()),
        ]
        guard let scheme = schemes.first(where: { url.hasPrefix($0.prefix) }) else {
            throw refuse("the broker's URL does not begin with amqp:// or amqps://")
        }
        let rest = url.dropFirst(scheme.prefix.count)
        let authorityEnd = rest.firstIndex(of: "/") ?? rest.endIndex
        let authority = rest[..<authorityEnd]
        let path = rest[authorityEnd...].dropFirst()
        // Before anything of it is shown: the host may be the beginning of a password.
        guard !path.contains("@") else {
            throw refuse(
                "the broker's URL has an @ behind a /: write %2f for / in a password, %40 for @ in a virtual host")
        }
        guard !path.contains("?"), !path.contains("/") else {
            throw refuse("the broker's URL has more than a virtual host after the host")
        }
        let at = authority.lastIndex(of: "@")
        var credentials = Credentials.password(user: "guest", password: "guest")
        if let at {
            let parts = authority[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard let user = Self.unescaped(parts[0]), let password = Self.unescaped(parts.count == 2 ? parts[1] : "")
            else { throw refuse("the user or password in the broker's URL has a bad percent escape") }
            credentials = .password(user: user, password: password)
        }
        let hostList = at.map { authority[authority.index(after: $0)...] } ?? authority
        var hosts: [Host] = []
        for text in hostList.split(separator: ",") {
            guard let host = Self.host(text, defaultPort: scheme.port) else {
                throw refuse("the host \(text) in the broker's URL cannot be read")
            }
            hosts.append(host)
        }
        guard let virtualHost = Self.unescaped(path) else {
            throw refuse("the virtual host in the broker's URL has a bad percent escape")
        }
        self.init(
            hosts: hosts.isEmpty ? [Host("127.0.0.1", port: scheme.port)] : hosts,
            virtualHost: virtualHost.isEmpty ? "/" : virtualHost, credentials: credentials, tls: scheme.tls, name: name)
    }

    private static func host(_ text: Substring, defaultPort: UInt16) -> Host? {
        if text.hasPrefix("[") {
            guard let close = text.firstIndex(of: "]") else { return nil }
            let name = String(text[text.index(after: text.startIndex)..<close])
            let rest = text[text.index(after: close)...]
            if rest.isEmpty { return Host(name, port: defaultPort) }
            guard rest.hasPrefix(":"), let port = UInt16(rest.dropFirst()) else { return nil }
            return Host(name, port: port)
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard let name = parts.first, !name.isEmpty, parts.count <= 2 else { return nil }
        guard parts.count == 2 else { return Host(String(name), port: defaultPort) }
        guard let port = UInt16(parts[1]) else { return nil }
        return Host(String(name), port: port)
    }

    private static func unescaped(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
