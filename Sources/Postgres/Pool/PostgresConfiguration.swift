/// Where the database is and how connections to it behave.
public struct PostgresConfiguration: Sendable {
    /// A host name, an address, or the folder of a Unix socket when it begins with `/`.
    public var host: String
    public var port: Int
    public var database: String
    public var user: String
    public var password: Password
    public var tls: TLS
    /// Shown in `pg_stat_activity`.
    public var applicationName: String
    public var timeouts = Timeouts()
    public var limits = Limits()
    public var pool = PoolLimits()
    /// Further settings of the server that every session starts with, such as `["work_mem": "16MB"]`.
    public var sessionSettings: [String: String] = [:]

    public init(
        host: String = "/var/run/postgresql", port: Int = 5432, database: String, user: String,
        password: Password = .none, tls: TLS = .preferred, applicationName: String = "skald"
    ) {
        self.host = host
        self.port = port
        self.database = database
        self.user = user
        self.password = password
        self.tls = tls
        self.applicationName = applicationName
    }

    /// Where the password comes from. A file is read at every connect, so that a rotated password needs no restart.
    public enum Password: Sendable {
        case none
        case value(String)
        case file(path: String)
    }

    /// Whether the connection is encrypted (libpq manual, table 34.1).
    public enum TLS: Sendable, Hashable {
        case disabled
        /// Encrypted where the server can; protects against nobody who can alter what is sent.
        case preferred
        case required
        /// Encrypted, and the server's certificate is signed by this authority and names the host.
        case verified(certificateAuthority: String)
    }

    /// How long things may take. They nest: a lock is waited for less long than a statement runs, and a transaction may stand
    /// idle longer than either.
    public struct Timeouts: Sendable {
        /// To make one connection.
        public var connect = Duration.seconds(5)
        /// To get a connection from the pool.
        public var acquire = Duration.seconds(10)
        /// For one statement at the server.
        public var statement = Duration.seconds(30)
        public var lock = Duration.seconds(5)
        /// For a transaction in which nothing is running.
        public var idleInTransaction = Duration.seconds(60)
        /// Until sent data that nobody acknowledges breaks a TCP connection.
        public var tcpUser = Duration.seconds(15)
    }

    /// What one connection may have under way.
    public struct Limits: Sendable {
        /// One parameter; larger ones are refused before they are sent.
        public var valueByteCountMax = 16 * 1024 * 1024
        /// Statements sent and not answered; more wait.
        public var statementCountInFlightMax = 4096
        /// Bytes of parameters sent and not answered; more wait.
        public var byteCountInFlightMax = 32 * 1024 * 1024
        /// Statements kept prepared on a connection.
        public var preparedStatementCountMax = 256
    }

    /// How many connections there are and how they are renewed.
    public struct PoolLimits: Sendable {
        public var connectionCountMax = 8
        /// Kept open even when nobody needs them.
        public var connectionCountMin = 0
        /// Tasks that may wait for a connection; more are refused at once.
        public var waiterCountMax = 10_000
        /// An idle connection above the minimum is closed after this.
        public var idleTimeout = Duration.seconds(300)
        /// An idle connection is tried this often.
        public var healthCheckInterval = Duration.seconds(30)
        /// Between attempts to connect while the server is away: the first pause, doubled up to the longest.
        public var backoffMin = Duration.milliseconds(50)
        public var backoffMax = Duration.seconds(1)
        /// The longest pause while the server refuses the credentials: a person has to act.
        public var refusedBackoffMax = Duration.seconds(15)
    }
}

extension PostgresConfiguration: CustomStringConvertible {
    /// Without the password.
    public var description: String { "postgres \(user)@\(host):\(port)/\(database)" }
}
