/// Who may do what in the databases: one database a service, one role that owns it, one that works in it.
///
/// The owner migrates and keeps partitions; the service runs as the other, which creates nothing. No role of one service can
/// connect to the database of another. The operators' tool reads everywhere and writes nowhere.
public struct DatabaseRoles: Sendable, Hashable {
    /// The limits a working role starts every session with. They nest: a lock is given up before a statement, a statement
    /// before an idle transaction.
    public struct Timeouts: Sendable, Hashable {
        public var lock: Duration
        public var statement: Duration
        public var idleInTransaction: Duration

        public init(
            lock: Duration = .seconds(5), statement: Duration = .seconds(30),
            idleInTransaction: Duration = .seconds(60)
        ) {
            self.lock = lock
            self.statement = statement
            self.idleInTransaction = idleInTransaction
        }
    }

    /// How a role logs in.
    public enum Password: Sendable, Hashable {
        /// By other means than a password.
        case none
        case literal(String)
        /// A variable of psql, so that a script holds no secret.
        case variable(String)
    }

    /// The role of the operators' tool.
    public static let reader = "skald_reader"

    public let services: [String]
    public let timeouts: Timeouts
    private let password: @Sendable (String) -> Password

    /// - Parameters:
    ///   - services: names of services, as in the topology.
    ///   - password: by role.
    public init(
        services: [String], timeouts: Timeouts = Timeouts(),
        password: @escaping @Sendable (String) -> Password = { _ in .none }
    ) {
        self.services = services
        self.timeouts = timeouts
        self.password = password
    }

    /// The database of a service. Hyphens become underscores, so that nobody has to quote it.
    public static func database(of service: String) -> String { String(service.map { $0 == "-" ? "_" : $0 }) }

    /// The role a service works as.
    public static func runtimeRole(of service: String) -> String { database(of: service) }

    /// The role that owns the database and migrates it.
    public static func ownerRole(of service: String) -> String { database(of: service) + "_owner" }

    public static func == (left: DatabaseRoles, right: DatabaseRoles) -> Bool {
        left.services == right.services && left.timeouts == right.timeouts
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(services)
    }

    func passwordClause(of role: String) -> String {
        switch password(role) {
        case .none: ""
        case .literal(let text): " PASSWORD \(SQLText.literal(text))"
        case .variable(let name): " PASSWORD :'\(name)'"
        }
    }
}

/// Names and texts as SQL writes them.
enum SQLText {
    static func identifier(_ name: String) -> String { "\"" + name.replacing("\"", with: "\"\"") + "\"" }

    static func literal(_ text: String) -> String {
        let escaped = text.replacing("'", with: "''")
        return text.contains("\\") ? "E'" + escaped.replacing("\\", with: "\\\\") + "'" : "'" + escaped + "'"
    }
}
