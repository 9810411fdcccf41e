extension PostgresConfiguration {
    /// Reads `postgres://user:password@host:port/database?host=/folder&sslmode=disable` (libpq manual, "Connection URIs").
    ///
    /// Of the parameters `host`, `port`, `user`, `password`, `passfile` (a file that holds nothing but the password),
    /// `sslmode`, `sslrootcert` and `application_name` are known; any other is refused, as it would have no effect.
    ///
    /// - Throws: `misuse`, naming the part that cannot be read and never the password.
    public init(url: String, applicationName: String = "skald") throws(PostgresError) {
        guard let scheme = ["postgres://", "postgresql://"].first(where: { url.hasPrefix($0) }) else {
            throw Self.refusal("it does not begin with postgres:// or postgresql://")
        }
        let parts = url.dropFirst(scheme.count).split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let place = parts[0].split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let database = try Self.unescaped(place.count == 2 ? place[1] : "", "database")
        let at = place[0].lastIndex(of: "@")
        let login = (at.map { place[0][..<$0] } ?? "").split(
            separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let user = try Self.unescaped(login.first ?? "", "user")
        self.init(database: database, user: user, applicationName: applicationName)
        if login.count == 2 { password = .value(try Self.unescaped(login[1], "password")) }
        try setHost(at.map { place[0][place[0].index(after: $0)...] } ?? place[0])
        for pair in (parts.count == 2 ? parts[1] : "").split(separator: "&") {
            let parameter = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parameter.count == 2 else { throw Self.refusal("the parameter \(parameter[0]) has no value") }
            try set(String(parameter[0]), try Self.unescaped(parameter[1], "parameter \(parameter[0])"))
        }
        if self.user.isEmpty { throw Self.refusal("it names no user") }
        if self.database.isEmpty { self.database = self.user }
    }

    private mutating func setHost(_ text: Substring) throws(PostgresError) {
        if text.isEmpty { return }
        let bracket = text.hasPrefix("[") ? text.firstIndex(of: "]") : nil
        let name = bracket.map { text[text.index(after: text.startIndex)..<$0] }
        let rest = bracket.map { text[text.index(after: $0)...] } ?? text
        let parts = rest.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        host = try Self.unescaped(name ?? parts[0], "host")
        if parts.count == 2 { try set("port", String(parts[1])) }
    }

    private mutating func set(_ name: String, _ value: String) throws(PostgresError) {
        switch name {
        case "host": host = value
        case "port":
            guard let number = Int(value), (1...65_535).contains(number) else {
                throw Self.refusal("\"\(value)\" is no port")
            }
            port = number
        case "user": user = value
        case "password": password = .value(value)
        case "passfile": password = .file(path: value)
        case "application_name": applicationName = value
        case "sslrootcert": tls = .verified(certificateAuthority: value)
        case "sslmode": try setTLS(value)
        default: throw Self.refusal("the parameter \(name) is not known")
        }
    }

    private mutating func setTLS(_ mode: String) throws(PostgresError) {
        switch mode {
        case "disable": tls = .disabled
        case "prefer", "allow": tls = .preferred
        case "require": tls = .required
        case "verify-full":
            guard case .verified = tls else { throw Self.refusal("sslmode=verify-full needs sslrootcert before it") }
        default: throw Self.refusal("sslmode=\(mode) is none of disable, prefer, require, verify-full")
        }
    }

    private static func refusal(_ why: String) -> PostgresError {
        PostgresError(
            .misuse,
            note: "the database's URL cannot be read: \(why); expected postgres://user:password@host:port/database")
    }

    /// Takes percent escapes out (RFC 3986, section 2.1).
    private static func unescaped(_ text: Substring, _ part: String) throws(PostgresError) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            guard digits.utf8.count == 2, let value = UInt8(digits, radix: 16) else {
                throw refusal("the \(part) has a broken percent escape")
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw refusal("the \(part) is not UTF-8")
        }
        return text
    }
}
