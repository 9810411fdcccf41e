import SagaModel
import Testing

@testable import SagaFile

/// Faults in text that goes over several lines are told where they stand.
@Suite struct FoldedTextTests {
    private func mark(_ lines: String, column: Int) -> String {
        let file = SourceFile(path: "f", text: lines)
        let virtual = Diagnostic(file: "f", mark: Mark(line: 2, column: column), code: .unknownState, message: "")
        let placed = FoldedText(file).placed([virtual])[0].mark
        return "\(placed.line):\(placed.column)"
    }

    @Test(arguments: [
        // Plain text over two lines: `key: ab cd`.
        ("x: 1\nkey: ab\n  cd\n", 6, "2:6"), ("x: 1\nkey: ab\n  cd\n", 7, "2:7"),
        ("x: 1\nkey: ab\n  cd\n", 9, "3:3"), ("x: 1\nkey: ab\n  cd\n", 10, "3:4"),
        // Folded and literal text: the count begins at the header.
        ("x: 1\nkey: >-\n    ab\n    cd\n", 6, "2:6"), ("x: 1\nkey: >-\n    ab\n    cd\n", 7, "3:5"),
        ("x: 1\nkey: >-\n    ab\n    cd\n", 10, "4:5"), ("x: 1\nkey: |\n    ab\n    cd\n", 11, "4:6"),
        ("x: 1\n- >\n  ä\n  ö b\n", 6, "4:3"), ("x: 1\n- >\n  ä\n  ö b\n", 8, "4:5"),
        // Text on one line, with a `>` at its end or not, stays where it is.
        ("x: 1\nwhen: data.total > 5\n", 20, "2:20"), ("x: 1\nwhen: data.total >\n  5\n", 20, "3:3"),
        // Beyond the file's end nothing is made up.
        ("x: 1\nkey: ab", 40, "2:40"),
    ]) func findsTheLine(_ text: String, _ column: Int, _ place: String) {
        #expect(mark(text, column: column) == place)
    }

    @Test func theLoaderTellsTheLine() throws {
        let text = try Base.text("base.saga.yaml")
        let line = try #require(text.split(separator: "\n").first { $0.contains("require:") })
        let indent = String(line.prefix { $0 == " " })
        let number = text.split(separator: "\n", omittingEmptySubsequences: false).firstIndex(of: line)! + 1
        let folded = ["require: >-", "  cart ==", "  HERE"].map { indent + $0 }.joined(separator: "\n")
        let broken = text.replacing(line, with: folded, maxReplacements: 1)
        do {
            _ = try Base.load(replacing: "base.saga.yaml", with: Array(broken.utf8))
            Issue.record("the state is unknown")
        } catch let error as DefinitionError {
            let fault = try #require(error.diagnostics.first { $0.code == .unknownState })
            #expect(fault.mark == Mark(line: number + 2, column: indent.count + 3))
        }
    }

    @Test func namesOfUnreadableStepsAreNotBlamedElsewhere() throws {
        let text = try Base.text("base.saga.yaml")
        let broken = text.replacing("kind: pivot", with: "kind: pviot", maxReplacements: 1)
        try #require(broken != text)
        do {
            _ = try Base.load(replacing: "base.saga.yaml", with: Array(broken.utf8))
            Issue.record("the kind is unknown")
        } catch let error as DefinitionError {
            #expect(error.diagnostics.map(\.code) == [.unknownChoice])
        }
    }
}
