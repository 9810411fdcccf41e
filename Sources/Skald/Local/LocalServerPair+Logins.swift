import Messaging
import Orchestration
import Postgres

/// Users and roles of servers that somebody else runs: another folder's system may work with them, whose passwords would go.
extension LocalServerPair {
    /// - Throws: where users or roles are there that do not log in with this folder's passwords.
    func refuseOtherPasswords(_ plan: LocalPlan, _ secrets: Secrets) async throws {
        var found: [String] = []
        if !isBrokerPrivate {
            found += try await change(plan).usersWithOtherPassword(secrets.passwords).map { "user \($0)" }
        }
        if !isDatabasePrivate { found += try await rolesWithOtherPassword(plan, secrets).map { "role \($0)" } }
        guard let first = found.first else { return }
        throw Failure(
            .unavailable,
            "\(found.count) logins are there with passwords that \(plan.folder.path) does not know, such as \(first)",
            remedy: "Is it another system's? Take other servers. If not: skald up --take-over")
    }

    private func rolesWithOtherPassword(_ plan: LocalPlan, _ secrets: Secrets) async throws -> [String] {
        let logins = plan.system.roles.logins
        let there = try await roles(among: logins.map(\.role))
        return try await withThrowingTaskGroup(of: String?.self) { group in
            for login in logins where there.contains(login.role) {
                let address = databaseAddress.database(
                    login.database, user: login.role, password: try secrets.password(of: login.role))
                group.addTask { try await Self.isRefused(address) ? login.role : nil }
            }
            return try await group.reduce(into: []) { $0 += $1.map { [$0] } ?? [] }.sorted()
        }
    }

    private func roles(among names: [String]) async throws -> Set<String> {
        let pool = PostgresPool(databaseAddress.configuration)
        defer { pool.close() }
        let rows = try await pool.query("SELECT rolname::text FROM pg_roles WHERE rolname = ANY(\(names))")
        return Set(try rows.map { try $0.decode(String.self, at: 0) })
    }

    /// A server that is there answers much sooner.
    private static let patience = Duration.seconds(4)

    /// Whether the password is wrong. The server looks at it before it looks for the database, which may not be there yet.
    ///
    /// - Throws: where that cannot be told.
    private static func isRefused(_ address: DatabaseAddress) async throws -> Bool {
        var configuration = address.configuration
        configuration.timeouts.acquire = patience
        let pool = PostgresPool(configuration)
        defer { pool.close() }
        do {
            _ = try await pool.query("SELECT 1")
            return false
        } catch {
            let cause = error.cause ?? error
            // No such database, or one that takes no connection.
            if ["3D000", "55000"].contains(cause.server?.sqlState) { return false }
            if cause.code == .authenticationFailed { return true }
            throw Failure(
                .unavailable, "whether another system works here cannot be told: \(error)",
                remedy: "Try again, or: skald up --take-over")
        }
    }
}

extension DatabaseRoles {
    /// Every role with a database that it may connect to.
    fileprivate var logins: [(role: String, database: String)] {
        let own = services.flatMap { service in
            [Self.runtimeRole(of: service), Self.ownerRole(of: service)].map { ($0, Self.database(of: service)) }
        }
        return own + services.prefix(1).map { (Self.reader, Self.database(of: $0)) }
    }
}
