import SagaCheck
import SagaFile
import SagaModel
import Testing

/// What the page about the checker says is true.
@Suite("The page about the checker")
struct DocumentationTests {
    private func page() throws -> String {
        let path = Shipped.root + "/Sources/SagaCheck/SagaCheck.docc/HowTheCheckerWorks.md"
        return String(decoding: try SourceFile.read(path).bytes, as: UTF8.self)
    }

    @Test("lists every finding, every weaker protocol and every bound")
    func lists() throws {
        let page = try page()
        for code in Finding.Code.allCases { #expect(page.contains("| `\(code.rawValue)` |"), "\(code.rawValue)") }
        for (name, _) in ProtocolRules.weaker { #expect(page.contains("(`\(name)`)"), "\(name)") }
        for bound in ["timeouts", "duplicates", "crashes", "losses", "attempts"] {
            #expect(page.contains("`\(bound)`"), "\(bound)")
        }
    }

    @Test("tells the story that the checker tells")
    func story() throws {
        let report = try Check.check([try Shipped.createOrder], rules: .noFence)
        let story = try #require(report.findings.first?.story)
        #expect(try page().contains("```\n\(story.description)\n```"))
    }
}
