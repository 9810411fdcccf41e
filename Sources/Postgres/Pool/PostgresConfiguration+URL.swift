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
        var encryption = Encryption()
        for pair in (parts.count == 2 ? parts[1] : "").split(separator: "&") {
            let parameter = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parameter.count == 2 else { throw Self.refusal("the parameter \(parameter[0]) has no value") }
            let value = try Self.unescaped(parameter[1], "parameter \(parameter[0])")
            switch parameter[0] {
            case "sslmode": encryption.mode = value
            case "sslrootcert": encryption.certificateAuthority = value
            default: try set(String(parameter[0]), value)
            }
        }
        tls = try encryption.tls()
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
        default: throw Self.refusal("the parameter \(name) is not known")
        }
    }

    /// What a URL says of encryption; its parameters come in any order.
    private struct Encryption {
        var mode: String?
        var certificateAuthority: String?

        /// A named authority is always asked, also where libpq would check the certificate without the host's name.
        func tls() throws(PostgresError) -> TLS {
            switch (mode, certificateAuthority) {
            case (nil, nil), ("prefer", nil), ("allow", nil): .preferred
            case ("disable", nil): .disabled
            case ("require", nil): .required
            case (nil, let authority?), ("require", let authority?), ("verify-full", let authority?):
                .verified(certificateAuthority: authority)
            case ("verify-full", nil): throw refusal("sslmode=verify-full needs sslrootcert")
            case ("disable", _), ("prefer", _), ("allow", _):
                throw refusal("sslrootcert has no effect with sslmode=\(mode ?? "")")
            default:
                throw refusal("sslmode=\(mode ?? "") is none of disable, prefer, require, verify-full")
            }
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
