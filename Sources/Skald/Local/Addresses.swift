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
    var tls: PostgresConfiguration.TLS

    init(
        host: String, port: Int, user: String = "postgres", password: String? = nil, database: String = "postgres",
        tls: PostgresConfiguration.TLS = .preferred
    ) {
        self.host = host
        self.port = port
        self.user = user
        self.password = password
        self.database = database
        self.tls = tls
    }

    /// Reads a URL as the services do, and the password's file if it names one.
    init(url: String) throws(Failure) {
        do {
            let configuration = try PostgresConfiguration(url: url)
            self.init(
                host: configuration.host, port: configuration.port, user: configuration.user,
                password: try configuration.readPassword(), database: configuration.database, tls: configuration.tls)
        } catch {
            throw Failure(
                .usage, error.note ?? "\(error)", remedy: "Give it as postgres://user:password@host:port/database.")
        }
    }

    init(_ state: SystemState.Database) {
        self.init(host: state.host, port: state.port, tls: PostgresConfiguration.TLS(state.tls ?? [:]))
    }

    func state(isPrivate: Bool) -> SystemState.Database {
        SystemState.Database(host: host, port: port, tls: tls.parameters, isPrivate: isPrivate)
    }

    /// The same server, another database and role.
    func database(_ database: String, user: String, password: String?) -> DatabaseAddress {
        DatabaseAddress(host: host, port: port, user: user, password: password, database: database, tls: tls)
    }

    var url: String {
        let who = URLText.escaped(user) + (password.map { ":" + URLText.escaped($0) } ?? "")
        var parameters = tls.parameters.map { ($0.key, URLText.escaped($0.value)) }.sorted { $0.0 < $1.0 }
        if host.hasPrefix("/") { parameters += [("host", URLText.escaped(host)), ("port", "\(port)")] }
        let place = host.hasPrefix("/") ? "" : "\(host.contains(":") ? "[\(host)]" : host):\(port)"
        let query = parameters.map { "\($0.0)=\($0.1)" }.joined(separator: "&")
        return "postgres://\(who)@\(place)/\(URLText.escaped(database))\(query.isEmpty ? "" : "?" + query)"
    }

    /// How libpq is told, for programs that read no password from their arguments.
    var environment: [String: String] {
        var settings = ["PGHOST": host, "PGPORT": "\(port)", "PGUSER": user, "PGDATABASE": database]
        settings["PGPASSWORD"] = password
        for parameter in tls.parameters { settings["PG" + parameter.key.uppercased()] = parameter.value }
        return settings
    }

    var configuration: PostgresConfiguration {
        PostgresConfiguration(
            host: host, port: port, database: database, user: user, password: password.map { .value($0) } ?? .none,
            tls: tls, applicationName: "skald")
    }
}

/// The parameters that say how a connection is encrypted, as a URL names them (libpq manual, section 34.1.2).
extension PostgresConfiguration.TLS {
    init(_ parameters: [String: String]) {
        switch parameters["sslmode"] {
        case "disable": self = .disabled
        case "require": self = .required
        default: self = parameters["sslrootcert"].map { .verified(certificateAuthority: $0) } ?? .preferred
        }
    }

    var parameters: [String: String] {
        switch self {
        case .disabled: ["sslmode": "disable"]
        case .preferred: [:]
        case .required: ["sslmode": "require"]
        case .verified(let authority): ["sslmode": "verify-full", "sslrootcert": authority]
        }
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
}
