import Orchestration
import Postgres
import SagaFile
import Testing

/// What an orchestrator finds registered when it begins.
@Suite(.timeLimit(.minutes(1))) struct RegistrationTests {
    @Test func whatIsNewIsNewsWhereOthersRegisteredBefore() async throws {
        let changed = try Definitions.changed(\.self)
        defer { changed.remove() }
        try await EmptyDatabase.withPool { pool in
            try await pool.migrate(OrchestrationSchema.set, OrchestrationSchema.migrations)
            func register(_ folder: String) async throws -> Registration {
                try await DefinitionShelf(SagaLibrary(folder: folder)).register(in: pool)
            }
            let shipped = Town.root + "/sagas"
            #expect(try await register(shipped).newsAge == nil, "nobody else can be at work")
            #expect(try await register(shipped).newsAge == nil)
            try await pool.execute("UPDATE saga_definition SET registered_at = now() - interval '1 day'")
            #expect(try await register(shipped).newsAge == nil)

            // One version more, beside two sagas that all know.
            for _ in ["who registers it", "who comes a moment later"] {
                let age = try #require(try await register(changed.path).newsAge)
                #expect(age >= .zero && age < .seconds(30))
            }
            try await pool.execute("UPDATE saga_definition SET registered_at = registered_at - interval '1 day'")
            #expect(try #require(try await register(changed.path).newsAge) > .seconds(80_000))
        }
    }
}
