import AMQP
import Messaging
import Postgres

/// Where a broker is, without who logs in.
struct BrokerAddress: Sendable, Hashable {
    var hosts: [String]
    var virtualHost: String
    var isSecure: Bool

    init(hosts: [String], virtualHost: String = "/", isSecure: Bool = false) {
        self.hosts = hosts
        self.virtualHost = virtualHost
        self.isSecure = isSecure
    }

    init(_ configuration: ConnectionConfiguration) {
        hosts = configuration.hosts.map(\.description)
        virtualHost = configuration.virtualHost
        isSecure = configuration.tls != nil
    }

    init(_ state: SystemState.Broker) {
        self.init(hosts: state.hosts, virtualHost: state.virtualHost, isSecure: state.isSecure)
    }

    /// The URL that a service of this name connects with.
    func url(user: String, password: String) -> String {
        let who = "\(URLText.escaped(user)):\(URLText.escaped(password))"
        return "\(isSecure ? "amqps" : "amqp")://\(who)@\(hosts.joined(separator: ","))/\(URLText.escaped(virtualHost))"
    }

    func configuration(user: String, password: String) throws -> ConnectionConfiguration {
        var configuration = try ConnectionConfiguration(url: url(user: user, password: password), name: "skald")
        configuration.openTimeout = .seconds(15)
        return configuration
    }

    func state(isPrivate: Bool) -> SystemState.Broker {
        SystemState.Broker(hosts: hosts, virtualHost: virtualHost, isSecure: isSecure, isPrivate: isPrivate)
    }
}

/// A database as its URL names it: `postgres://user:password@host:port/database` (libpq manual, section 34.1.1.2).
struct DatabaseAddress: Sendable, Hashable {
    var host: String
    var port: Int
    var user: String
    var password: String?
    var database: String

    init(host: String, port: Int, user: String = "postgres", password: String? = nil, database: String = "postgres") {
        self.host = host
        self.port = port
        self.user = user
        self.password = password
        self.database = database
    }

    /// Reads a URL; a host that begins with `/` may stand as `?host=/folder`.
    init(url: String) throws(Failure) {
        guard let scheme = ["postgres://", "postgresql://"].first(where: { url.hasPrefix($0) }) else {
            throw Self.refusal("it does not begin with postgres://")
        }
        let parts = url.dropFirst(scheme.count).split(separator: "?", maxSplits: 1)
        let rest = parts.first ?? ""
        let pathStart = rest.firstIndex(of: "/") ?? rest.endIndex
        let authority = rest[..<pathStart].split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        let place = (authority.last ?? "").split(separator: ":", omittingEmptySubsequences: false)
        guard place.count <= 2, let port = place.count == 2 ? Int(place[1]) : 5432, (1...65535).contains(port) else {
            throw Self.refusal("its host and port cannot be read")
        }
        let login = authority.count == 2 ? authority[0].split(separator: ":", maxSplits: 1) : []
        let texts = [place.first ?? "", login.first ?? "postgres", login.count == 2 ? login[1] : ""].map(URLText.plain)
        guard let host = texts[0], let user = texts[1], let password = texts[2],
            let database = URLText.plain(rest[pathStart...].dropFirst())
        else { throw Self.refusal("it has a bad percent escape") }
        self.init(
            host: host.isEmpty ? "127.0.0.1" : host, port: port, user: user,
            password: password.isEmpty ? nil : password, database: database.isEmpty ? user : database)
        if parts.count == 2 { try read(options: parts[1]) }
    }

    private mutating func read(options: Substring) throws(Failure) {
        for option in options.split(separator: "&") {
            let pair = option.split(separator: "=", maxSplits: 1)
            guard pair.count == 2, let value = URLText.plain(pair[1]) else { continue }
            switch pair[0] {
            case "host": host = value
            case "port": port = Int(value) ?? port
            default: throw Self.refusal("its option \(pair[0]) is not known here")
            }
        }
    }

    /// The same server, another database and role.
    func database(_ database: String, user: String, password: String?) -> DatabaseAddress {
        DatabaseAddress(host: host, port: port, user: user, password: password, database: database)
    }

    var url: String {
        let who = URLText.escaped(user) + (password.map { ":" + URLText.escaped($0) } ?? "")
        if host.hasPrefix("/") {
            return "postgres://\(who)@/\(URLText.escaped(database))?host=\(URLText.escaped(host))&port=\(port)"
        }
        return "postgres://\(who)@\(host):\(port)/\(URLText.escaped(database))"
    }

    /// How libpq is told, for programs that read no password from their arguments.
    var environment: [String: String] {
        var settings = ["PGHOST": host, "PGPORT": "\(port)", "PGUSER": user, "PGDATABASE": database]
        settings["PGPASSWORD"] = password
        return settings
    }

    var configuration: PostgresConfiguration {
        PostgresConfiguration(
            host: host, port: port, database: database, user: user, password: password.map { .value($0) } ?? .none,
            applicationName: "skald")
    }

    private static func refusal(_ why: String) -> Failure {
        Failure(
            .usage, "the URL of the database cannot be used: \(why)",
            remedy: "It reads postgres://user:password@host:port/database.")
    }
}

/// Percent escapes (RFC 3986, section 2.1).
enum URLText {
    static func escaped(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            let character = Character(Unicode.Scalar(byte))
            if byte < 0x80, character.isLetter || character.isNumber || "-._~".contains(character) {
                result.append(character)
            } else {
                result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return result
    }

    /// The text without escapes; nil where one is broken.
    static func plain(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte != UInt8(ascii: "%") {
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
