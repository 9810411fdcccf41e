import LocalServers
import Messaging
import Testing

@Suite struct DatabaseRolesScriptTests {
    private let roles = DatabaseRoles(services: ["kitchen", "order-history"]) { .literal($0 + "-secret") }

    @Test func whoMayMakeRolesAndDatabasesIsEnough() async throws {
        let cluster = try await PostgresCluster.started()
        try await cluster.psql("CREATE ROLE founder LOGIN CREATEROLE CREATEDB")
        let founder = cluster.connectionString(database: "postgres", user: "founder")
        for _ in 0..<2 { try await cluster.psql(roles.script, over: founder) }
        func connection(_ role: String) -> String {
            cluster.connectionString(
                database: "order_history", user: role, password: "\(role)-secret", overTCP: true)
        }
        try await cluster.psql("CREATE TABLE dish (id int)", over: connection("order_history_owner"))
        try await cluster.psql("INSERT INTO dish VALUES (7)", over: connection("order_history"))
        #expect(try await cluster.psql("SELECT id FROM dish", over: connection("skald_reader")) == "7\n")
        await #expect(throws: LocalServerError.self) {
            try await cluster.psql("SELECT", over: connection("kitchen"))
        }
        try await cluster.shutDown()
    }

    @Test func aRoleThatMayMoreLosesIt() async throws {
        let cluster = try await PostgresCluster.started()
        try await cluster.psql("CREATE ROLE kitchen SUPERUSER REPLICATION CREATEDB CREATEROLE")
        try await cluster.psql(roles.script)
        let mighty = try await cluster.psql(
            """
            SELECT rolname FROM pg_roles WHERE rolname <> 'postgres' AND rolname !~ '^pg_'
                AND (rolsuper OR rolreplication OR rolcreatedb OR rolcreaterole)
            """)
        #expect(mighty == "")
        let members = "SELECT count(*) FROM pg_auth_members WHERE member = 'postgres'::regrole"
        #expect(try await cluster.psql(members) == "0\n", "a superuser needs no membership")
        try await cluster.shutDown()
    }
}
