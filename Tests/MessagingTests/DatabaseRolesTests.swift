import Messaging
import Testing

@Suite struct DatabaseRolesTests {
    @Test func everyServiceHasADatabaseOfItsOwn() {
        let roles = DatabaseRoles(services: ["kitchen", "order-history"])
        #expect(DatabaseRoles.database(of: "order-history") == "order_history")
        let creation = roles.databaseCreation(of: "order-history")
        #expect(creation.create == #"CREATE DATABASE "order_history" OWNER "order_history_owner""#)
        let grants = roles.grantStatements(of: "kitchen")
        #expect(grants.contains(#"REVOKE ALL ON DATABASE "kitchen" FROM PUBLIC"#))
        #expect(grants.contains(#"GRANT CONNECT ON DATABASE "kitchen" TO "kitchen_owner", "kitchen", "skald_reader""#))
        #expect(!grants.contains { $0.contains("order") })
    }

    @Test func theLimitsOfASessionNest() {
        let statements = DatabaseRoles(services: ["kitchen"]).roleStatements
        #expect(statements.contains(#"ALTER ROLE "kitchen" SET lock_timeout = '5000ms'"#))
        #expect(statements.contains(#"ALTER ROLE "kitchen" SET statement_timeout = '30000ms'"#))
        #expect(statements.contains(#"ALTER ROLE "kitchen" SET idle_in_transaction_session_timeout = '60000ms'"#))
        #expect(statements.contains(#"ALTER ROLE "skald_reader" SET default_transaction_read_only = on"#))
    }

    @Test func passwordsAreQuotedOrLeftToPsql() {
        let literal = DatabaseRoles(services: ["k"]) { _ in .literal(#"o'b\c"#) }
        #expect(literal.roleStatements.contains { $0.hasSuffix(#" PASSWORD E'o''b\\c'"#) })
        let variable = DatabaseRoles(services: ["k"]) { .variable($0 + "_password") }
        #expect(variable.script.contains("PASSWORD :'k_owner_password';"))
    }
}
