/// How to reach a broker, and what this connection asks of it.
public struct ConnectionConfiguration: Sendable {
    /// A name or address, and a port.
    public struct Host: Sendable, Hashable, CustomStringConvertible {
        public var name: String
        public var port: UInt16

        public init(_ name: String, port: UInt16 = 5672) {
            self.name = name
            self.port = port
        }

        public var description: String {
            name.contains(":") ? "[\(name)]:\(port)" : "\(name):\(port)"
        }
    }

    /// The nodes of one cluster, tried in an order shuffled per connection.
    public var hosts: [Host]
    public var virtualHost: String
    /// Called before every login, so that rotated secrets are picked up.
    public var credentials: @Sendable () throws -> Credentials
    /// TLS settings; nil speaks plain AMQP.
    public var tls: TLSConfiguration?
    /// Shown by the broker's tools; by convention service and instance.
    public var name: String
    /// How often a sign of life is due in each direction, in whole seconds; the broker may lower it. Zero turns it off.
    public var heartbeat: Duration = .seconds(15)
    /// The largest frame we offer, in bytes. RabbitMQ 4.1 and later refuse less than 8,192.
    public var frameByteCountMax: UInt32 = 131_072
    /// The most channels we offer to open.
    public var channelCountMax: UInt16 = 2_047
    /// Bound of one attempt: name resolution, connect, TLS and login together.
    public var connectTimeout: Duration = .seconds(10)
    /// Bound of `Connection.connect` as a whole, over all its attempts, and of what a request waits for a connection that was
    /// lost.
    public var openTimeout: Duration = .seconds(60)
    /// Bound of one request to the broker: a declaration, the opening of a channel.
    public var requestTimeout: Duration = .seconds(20)
    /// The largest body to publish or to receive. A larger one is refused before it is sent; one that comes in is
    /// rejected without requeue, which dead-letters it where the queue has a dead-letter exchange.
    public var bodyByteCountMax: Int = 16 * 1024 * 1024
    public var recovery = RecoveryPolicy()

    /// A plain connection as `guest`, which RabbitMQ lets in from the same machine only.
    public init(
        hosts: [Host] = [Host("127.0.0.1")], virtualHost: String = "/",
        credentials: Credentials = .password(user: "guest", password: "guest"), tls: TLSConfiguration? = nil,
        name: String = "skald-amqp"
    ) {
        self.hosts = hosts
        self.virtualHost = virtualHost
        self.credentials = { credentials }
        self.tls = tls
        self.name = name
    }
}

/// When and how often a lost or refused connection is tried again.
public struct RecoveryPolicy: Sendable, Hashable {
    /// The cap of the first pause after every host has been tried once.
    public var initialDelay: Duration = .milliseconds(100)
    /// The cap of every pause while the broker is away. Low on purpose: a refused connect costs nothing.
    public var maximumDelay: Duration = .seconds(1)
    /// The cap of the first pause after wrong credentials, a missing permission or an untrusted certificate.
    public var forbiddenDelay: Duration = .seconds(1)
    /// The cap of every such pause.
    public var forbiddenMaximumDelay: Duration = .seconds(30)
    /// After how many such refusals in a row the first connect fails. Once connected, it is tried for ever.
    public var forbiddenAttemptMax: Int = 3

    public init() {}
}

/// Who logs in.
public enum Credentials: Sendable, Hashable, CustomStringConvertible {
    /// SASL PLAIN.
    case password(user: String, password: String)
    /// SASL EXTERNAL: the client certificate says who it is.
    case external

    /// Leaves the password out.
    public var description: String {
        switch self {
        case .password(let user, _): "user \(user)"
        case .external: "client certificate"
        }
    }

    var mechanism: String {
        switch self {
        case .password: "PLAIN"
        case .external: "EXTERNAL"
        }
    }

    /// The SASL response (RFC 4616 for PLAIN).
    var response: [UInt8] {
        switch self {
        case .password(let user, let password): [0] + Array(user.utf8) + [0] + Array(password.utf8)
        case .external: []
        }
    }
}

/// TLS on the connection: at least 1.2, the peer's certificate and host name always verified.
public struct TLSConfiguration: Sendable, Hashable {
    /// A file of trusted certificates in PEM; nil takes the system's.
    public var trustedCertificatesFile: String?
    /// This client's certificate chain in PEM, for brokers that ask for one.
    public var certificateFile: String?
    /// The private key that belongs to it, in PEM.
    public var privateKeyFile: String?
    /// The name the certificate must carry; nil takes the host's name.
    public var serverName: String?

    public init(
        trustedCertificatesFile: String? = nil, certificateFile: String? = nil, privateKeyFile: String? = nil,
        serverName: String? = nil
    ) {
        self.trustedCertificatesFile = trustedCertificatesFile
        self.certificateFile = certificateFile
        self.privateKeyFile = privateKeyFile
        self.serverName = serverName
    }
}
