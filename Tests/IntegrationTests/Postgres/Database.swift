import Glibc
import LocalServers
import Postgres
import Testing

/// A database of its own for one test.
struct Database {
    let cluster: PostgresCluster
    let name: String

    /// Runs a test against a fresh database on the run's one cluster.
    static func withFresh<Result>(_ body: (Database) async throws -> Result) async throws -> Result {
        let cluster = try await SharedServers.postgres()
        return try await cluster.withDatabase { name in try await body(Database(cluster: cluster, name: name)) }
    }

    /// Runs a test with a pool on a fresh database.
    static func withPool<Result>(
        _ change: (inout PostgresConfiguration) -> Void = { _ in },
        _ body: (PostgresPool) async throws -> Result
    ) async throws -> Result {
        try await withFresh { database in
            let pool = database.pool(change)
            defer { pool.close() }
            return try await body(pool)
        }
    }

    /// How to connect: over the socket, or over TCP through a proxy.
    func configuration(through proxy: FaultProxy? = nil) -> PostgresConfiguration {
        var configuration = PostgresConfiguration(
            host: proxy?.host ?? cluster.socketFolder, port: Int(proxy?.port ?? cluster.port), database: name,
            user: cluster.user, password: .value(cluster.password), tls: .disabled, applicationName: "test")
        configuration.timeouts.acquire = .seconds(30)
        return configuration
    }

    func pool(
        through proxy: FaultProxy? = nil, _ change: (inout PostgresConfiguration) -> Void = { _ in }
    ) -> PostgresPool {
        var configuration = configuration(through: proxy)
        change(&configuration)
        return PostgresPool(configuration)
    }
}

/// Runs `body` and gives the library's error it throws.
func postgresError<Value>(
    _ body: () async throws -> Value, sourceLocation: SourceLocation = #_sourceLocation
) async throws -> PostgresError {
    do {
        _ = try await body()
    } catch let error as PostgresError {
        return error
    }
    Issue.record("nothing was thrown", sourceLocation: sourceLocation)
    throw NothingThrown()
}

struct NothingThrown: Error {}

/// The backends of the test's own database; other tests run beside it on the same cluster.
let ownBackends: SQL = "pg_stat_activity WHERE datname = current_database()"

extension PostgresQueryable {
    /// Waits until a query gives true; for what happens at the server without a word to us.
    func waitUntil(_ condition: SQL) async throws {
        for _ in 0..<3000 {
            if try await query(condition).only().decode(Bool.self, at: 0) { return }
            // Allowed (test-sleep): a pause between two looks, which are counted.
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("never true: \(condition)")
    }
}

/// Writes a small file anew.
func write(_ text: String, to path: String) throws {
    guard let file = fopen(path, "we") else { throw CannotWrite(path: path) }
    defer { fclose(file) }
    guard fputs(text, file) >= 0 else { throw CannotWrite(path: path) }
}

struct CannotWrite: Error {
    let path: String
}
