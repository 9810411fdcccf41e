import LocalServers
import Postgres

/// A database of the run's cluster with nothing in it.
enum EmptyDatabase {
    /// Lends a pool of connections to it, as its superuser. Both are gone afterwards.
    static func withPool<Result>(_ body: (PostgresPool) async throws -> Result) async throws -> Result {
        let cluster = try await SharedServers.postgres()
        return try await cluster.withDatabase { database in
            let pool = PostgresPool(
                PostgresConfiguration(
                    host: cluster.socketFolder, port: Int(cluster.port), database: database, user: cluster.user,
                    tls: .disabled))
            defer { pool.close() }
            return try await body(pool)
        }
    }
}
