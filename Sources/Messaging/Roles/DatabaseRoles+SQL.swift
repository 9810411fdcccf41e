/// The roles as SQL. Every statement may run again and again, by a superuser or by a role with `CREATEROLE` and `CREATEDB`.
extension DatabaseRoles {
    /// Statements for the whole cluster: they make the roles and set their limits.
    public var roleStatements: [String] {
        (services.flatMap { [Self.ownerRole(of: $0), Self.runtimeRole(of: $0)] } + [Self.reader]).flatMap { role in
            let name = SQLText.identifier(role)
            let quoted = SQLText.literal(role)
            return [
                """
                DO $$ BEGIN
                    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = \(quoted)) THEN CREATE ROLE \(name); END IF;
                    -- Only a superuser may name these two, also where nothing changes.
                    IF EXISTS (SELECT FROM pg_roles WHERE rolname = \(quoted) AND (rolsuper OR rolreplication)) THEN
                        ALTER ROLE \(name) NOSUPERUSER NOREPLICATION;
                    END IF;
                END $$
                """,
                "ALTER ROLE \(name) LOGIN NOCREATEDB NOCREATEROLE\(passwordClause(of: role))",
            ]
        }
            + services.map { membership(in: Self.ownerRole(of: $0)) }
            + services.flatMap { limits(of: Self.runtimeRole(of: $0)) }
            + ["ALTER ROLE \(SQLText.identifier(Self.reader)) SET default_transaction_read_only = on"]
    }

    /// Whoever is no superuser makes a database for a role, and decides what becomes of its tables, only as a member of it.
    private func membership(in role: String) -> String {
        """
        DO $$ BEGIN
            IF NOT pg_has_role(\(SQLText.literal(role)), 'USAGE') THEN
                GRANT \(SQLText.identifier(role)) TO CURRENT_USER;
            END IF;
        END $$
        """
    }

    private func limits(of role: String) -> [String] {
        let settings: [(String, Duration)] = [
            ("lock_timeout", timeouts.lock), ("statement_timeout", timeouts.statement),
            ("idle_in_transaction_session_timeout", timeouts.idleInTransaction),
        ]
        return settings.map { name, duration in
            "ALTER ROLE \(SQLText.identifier(role)) SET \(name) = '\(milliseconds(duration))ms'"
        }
    }

    private func milliseconds(_ duration: Duration) -> Int64 {
        duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000
    }

    /// Whether a service's database exists: one row if it does. The statement that makes it cannot run in a transaction.
    public func databaseCreation(of service: String) -> (exists: String, create: String) {
        let database = Self.database(of: service)
        return (
            "SELECT 1 FROM pg_database WHERE datname = \(SQLText.literal(database))",
            "CREATE DATABASE \(SQLText.identifier(database)) OWNER \(SQLText.identifier(Self.ownerRole(of: service)))"
        )
    }

    /// Statements to run in a service's database: they give its roles what they need and everybody else nothing.
    public func grantStatements(of service: String) -> [String] {
        let database = SQLText.identifier(Self.database(of: service))
        let owner = SQLText.identifier(Self.ownerRole(of: service))
        let runtime = SQLText.identifier(Self.runtimeRole(of: service))
        let reader = SQLText.identifier(Self.reader)
        return [
            "REVOKE ALL ON DATABASE \(database) FROM PUBLIC",
            "GRANT CONNECT ON DATABASE \(database) TO \(owner), \(runtime), \(reader)",
            "REVOKE ALL ON SCHEMA public FROM PUBLIC",
            "GRANT USAGE, CREATE ON SCHEMA public TO \(owner)",
            "GRANT USAGE ON SCHEMA public TO \(runtime), \(reader)",
            "ALTER DEFAULT PRIVILEGES FOR ROLE \(owner) REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
            "ALTER DEFAULT PRIVILEGES FOR ROLE \(owner) IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO \(runtime)",
            "ALTER DEFAULT PRIVILEGES FOR ROLE \(owner) IN SCHEMA public GRANT USAGE ON SEQUENCES TO \(runtime)",
            "ALTER DEFAULT PRIVILEGES FOR ROLE \(owner) IN SCHEMA public GRANT SELECT ON TABLES TO \(reader)",
        ]
    }

    /// The whole as a script for psql, connected as an administrator.
    public var script: String {
        var lines = ["\\set ON_ERROR_STOP on"]
        lines += roleStatements.map { $0 + ";" }
        for service in services {
            let creation = databaseCreation(of: service)
            lines.append("SELECT \(SQLText.literal(creation.create)) WHERE NOT EXISTS (\(creation.exists)) \\gexec")
        }
        for service in services {
            lines.append("\\connect \(SQLText.identifier(Self.database(of: service)))")
            lines += grantStatements(of: service).map { $0 + ";" }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
