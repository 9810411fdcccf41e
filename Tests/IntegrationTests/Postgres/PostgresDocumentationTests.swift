import Foundation
import LocalServers
import Postgres
import Testing

@Suite struct PostgresDocumentationTests {
    @Test func theExampleRuns() async throws {
        try await Database.withFresh { database in
            let cents = try await takeOrders(database.configuration())
            #expect(cents == 4500)
        }
    }

    @Test func theExampleIsTheOneOnThePage() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..").standardized
        let page = try String(
            contentsOf: root.appending(path: "Sources/Postgres/Postgres.docc/UsePostgresOnItsOwn.md"), encoding: .utf8)
        let example = try String(
            contentsOf: root.appending(path: "Tests/IntegrationTests/Postgres/UsePostgresOnItsOwn.swift"),
            encoding: .utf8)
        #expect(page.contains("```swift\n\(example)```\n"), "the page's example differs from UsePostgresOnItsOwn.swift")
    }
}
