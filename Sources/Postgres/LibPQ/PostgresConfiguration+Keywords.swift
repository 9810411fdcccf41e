import Glibc
import Reactor

extension PostgresConfiguration {
    /// The connection keywords of libpq (libpq manual, section 34.1.2).
    ///
    /// - Throws: when the password's file cannot be read.
    func keywords() throws(PostgresError) -> [(String, String)] {
        var keywords: [(String, String)] = [
            ("host", host), ("port", String(port)), ("dbname", database), ("user", user),
            ("application_name", applicationName), ("client_encoding", "UTF8"),
            // libpq counts whole seconds and makes two of one.
            ("connect_timeout", String(max(2, timeouts.connect.wholeMilliseconds / 1000))),
            ("keepalives", "1"), ("keepalives_idle", "10"), ("keepalives_interval", "5"), ("keepalives_count", "3"),
            ("tcp_user_timeout", String(timeouts.tcpUser.wholeMilliseconds)),
            ("options", sessionOptions),
        ]
        keywords += tlsKeywords
        if let password = try readPassword() { keywords.append(("password", password)) }
        return keywords
    }

    /// Settings every session starts with; `RESET ALL` goes back to them.
    private var sessionOptions: String {
        let limits: [(String, Duration)] = [
            ("statement_timeout", timeouts.statement), ("lock_timeout", timeouts.lock),
            ("idle_in_transaction_session_timeout", timeouts.idleInTransaction),
        ]
        let settings =
            sessionSettings.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
            + limits.map { ($0.0, "\($0.1.wholeMilliseconds)") }
        return settings.map { "-c \($0.0)=\(Self.escaped($0.1))" }.joined(separator: " ")
    }

    /// A value as the server takes the options apart: at white space, unless a backslash stands before it.
    private static func escaped(_ value: String) -> String {
        String(value.flatMap { $0 == "\\" || $0.isWhitespace ? ["\\", $0] : [$0] })
    }

    private var tlsKeywords: [(String, String)] {
        switch tls {
        case .disabled: [("sslmode", "disable"), ("gssencmode", "disable")]
        case .preferred: [("sslmode", "prefer"), ("gssencmode", "disable")]
        case .required: [("sslmode", "require"), ("gssencmode", "disable")]
        case .verified(let authority):
            [("sslmode", "verify-full"), ("sslrootcert", authority), ("gssencmode", "disable")]
        }
    }

    /// The password, from its file where there is one.
    ///
    /// - Throws: `authenticationFailed` when the file cannot be read.
    package func readPassword() throws(PostgresError) -> String? {
        switch password {
        case .none: return nil
        case .value(let value): return value
        case .file(let path):
            guard let text = Self.firstLine(of: path) else {
                throw PostgresError(.authenticationFailed, note: "the password file \(path) cannot be read")
            }
            return text
        }
    }

    private static func firstLine(of path: String) -> String? {
        guard let file = unsafe fopen(path, "re") else { return nil }
        defer { unsafe fclose(file) }
        return unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { line in
            guard unsafe fgets(line.baseAddress!, 4096, file) != nil else { return nil }
            let text = unsafe String(cString: line.baseAddress!)
            return String(text.prefix { $0 != "\n" && $0 != "\r\n" })
        }
    }
}
