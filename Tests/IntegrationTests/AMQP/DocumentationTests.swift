import Foundation
import LocalServers
import Testing

@Suite struct AMQPDocumentationTests {
    @Test func theExampleRuns() async throws {
        try await Broker.withVirtualHost { broker in
            let server = broker.server
            let url = "amqp://\(server.user):\(server.password)@\(server.host):\(server.port)/\(broker.virtualHost)"
            let received = try await exchangeOrders(url: url)
            #expect(received == ["order 1", "order 2", "order 3", "order 4"])
        }
    }

    @Test func theExampleIsTheOneOnThePage() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..").standardized
        let page = try String(
            contentsOf: root.appending(path: "Sources/AMQP/AMQP.docc/UseAMQPOnItsOwn.md"), encoding: .utf8)
        let example = try String(
            contentsOf: root.appending(path: "Tests/IntegrationTests/AMQP/UseAMQPOnItsOwn.swift"), encoding: .utf8)
        #expect(page.contains("```swift\n\(example)```\n"), "the page's example differs from UseAMQPOnItsOwn.swift")
    }
}
