/// Databases and roles, made through `psql`, which does the quoting.
extension PostgresCluster {
    /// Runs SQL as the superuser and gives its rows, one a line, columns separated by `|`.
    ///
    /// - Parameters:
    ///   - sql: One or more statements. Values from outside go in as psql variables: `:'name'` becomes a literal,
    ///     `:"name"` an identifier.
    ///   - values: The variables.
    ///   - database: Where to run it.
    @discardableResult
    package func psql(
        _ sql: String, _ values: [String: String] = [:], in database: String = "postgres"
    ) async throws -> String {
        try await psql(sql, values, over: connectionString(database: database))
    }

    /// The same over any connection, for instance as another role.
    @discardableResult
    package func psql(
        _ sql: String, _ values: [String: String] = [:], over connection: String
    ) async throws -> String {
        try await onOwnThread { try self.query(sql, values, over: connection).output() }
    }

    /// Makes a database, empty or a copy of `template`, owned by `owner`.
    ///
    /// - Returns: its name, random unless given.
    package func createDatabase(
        _ name: String? = nil, owner: String = "postgres", template: String = "template0"
    ) async throws -> String {
        let name = name ?? "test_\(ServerFolder.randomName())"
        try await psql(
            #"CREATE DATABASE :"name" OWNER :"owner" TEMPLATE :"template""#,
            ["name": name, "owner": owner, "template": template])
        return name
    }

    /// Removes a database; connections into it are closed by the server.
    package func dropDatabase(_ name: String) async throws {
        try await psql(#"DROP DATABASE IF EXISTS :"name" WITH (FORCE)"#, ["name": name])
    }

    /// Lends a database of its own to `body` and removes it afterwards.
    package func withDatabase<Result>(
        template: String = "template0", _ body: (String) async throws -> Result
    ) async throws -> Result {
        let name = try await createDatabase(template: template)
        let result: Result
        do {
            result = try await body(name)
        } catch {
            // The first error is the one that matters; the cluster may be down on purpose.
            try? await dropDatabase(name)
            throw error
        }
        if isRunning { try await dropDatabase(name) }
        return result
    }

    /// Makes a role that can log in.
    package func createRole(_ name: String, password: String) async throws {
        try await psql(#"CREATE ROLE :"name" LOGIN PASSWORD :'password'"#, ["name": name, "password": password])
    }

    /// What libpq connects with.
    ///
    /// - Parameters:
    ///   - database: The database's name.
    ///   - user: Nil for the superuser.
    ///   - password: Needed over TCP by everybody but the superuser, whose own is known.
    ///   - overTCP: Otherwise over the socket, which is faster and asks for no password.
    ///   - proxyPort: Over TCP through a `FaultProxy` on this port.
    package func connectionString(
        database: String, user: String? = nil, password: String? = nil, overTCP: Bool = false,
        through proxyPort: UInt16? = nil
    ) -> String {
        let overTCP = overTCP || proxyPort != nil
        var pairs = [
            ("host", overTCP ? host : socketFolder), ("port", "\(proxyPort ?? port)"), ("dbname", database),
            ("user", user ?? self.user),
        ]
        if overTCP, let secret = password ?? (user == nil ? self.password : nil) { pairs.append(("password", secret)) }
        return pairs.map { "\($0)=\(Self.quoted($1))" }.joined(separator: " ")
    }

    /// A value as libpq reads it in a connection string (manual, section 34.1.1.1).
    static func quoted(_ value: String) -> String {
        let escaped = value.flatMap { $0 == "'" || $0 == "\\" ? ["\\", $0] : [$0] }
        return "'\(String(escaped))'"
    }

    /// The values travel by standard input, where no list of processes shows them.
    func query(_ sql: String, _ values: [String: String], over connection: String) -> Command {
        let variables = values.map { "\\set \($0.key) \(Self.psqlQuoted($0.value))\n" }.joined()
        return Command(
            [installation.program("psql"), "-X", "-q", "-A", "-t", "--set=ON_ERROR_STOP=1", connection],
            environment: ["HOME": "/"], input: variables + sql + "\n;\n")
    }

    /// A value as psql's `\set` reads it: one line, in quotes (manual, psql, "Meta-Commands").
    static func psqlQuoted(_ value: String) -> String {
        let escapes: [Character: String] = ["'": "''", "\\": #"\\"#, "\n": #"\n"#, "\r": #"\r"#, "\r\n": #"\r\n"#]
        return "'\(value.map { escapes[$0] ?? String($0) }.joined())'"
    }
}
