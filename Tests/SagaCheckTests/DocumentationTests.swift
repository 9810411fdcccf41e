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

    @Test("is about a checker that finds the example of the format sound")
    func formatExample() throws {
        let path = Shipped.root + "/Sources/SagaFile/SagaFile.docc/TheFormat.md"
        let page = String(decoding: try SourceFile.read(path).bytes, as: UTF8.self)
        let examples = page.split(separator: "```yaml\n").dropFirst().compactMap { $0.split(separator: "```").first }
        let files = examples.enumerated().map { SourceFile(path: "example \($0)", text: String($1)) }
        let library = try SagaLibrary(participants: Array(files.dropLast()), sagas: [try #require(files.last)])
        let saga = try #require(library.saga(named: "book-seat")).definition
        let few = Bounds(timeouts: 1, duplicates: 0, crashes: 0, losses: 1, attempts: 1)
        let report = try Check.check([saga], bounds: few)
        #expect(report.findings == [])
    }
}
