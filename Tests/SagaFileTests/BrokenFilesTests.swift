import SagaFile
import SagaModel
import Testing

/// One broken file: a sound one with some lines changed, and the faults that must be told, all of them and no other.
struct BrokenCase: CustomTestStringConvertible, Sendable {
    let name: String
    let file: String
    /// `code line` of each fault, in the order of the file.
    let expected: [String]
    let removed: [String]
    let added: [String]

    var testDescription: String { "\(file): \(name)" }
}

@Suite struct BrokenFilesTests {
    @Test func theBaseIsSound() throws {
        #expect(try Base.load().sagas.map(\.definition.name) == ["buy"])
    }

    @Test func thereAreTwoHundredAndNoTwoAlike() throws {
        let cases = try BrokenCases.all()
        #expect(cases.count >= 200)
        #expect(Set(cases.map(\.name)).count == cases.count)
        #expect(Set(cases.map { "\($0.file) \($0.removed) \($0.added)" }).count == cases.count)
    }

    @Test func everyCodeOfASagaIsShown() throws {
        let shown = Set(try BrokenCases.all().flatMap(\.expected).map { $0.split(separator: " ")[0] })
        let missing = DiagnosticCode.allCases.map(\.rawValue).filter { !shown.contains($0[...]) }
        #expect(missing.sorted() == BrokenCases.shownElsewhere.sorted())
    }

    @Test(arguments: try BrokenCases.all()) func isRefusedWithCodeAndLine(_ broken: BrokenCase) throws {
        let bytes = try BrokenCases.bytes(of: broken)
        let error = #expect(throws: DefinitionError.self) {
            _ = try Base.load(replacing: broken.file, with: bytes)
        }
        let told = error?.diagnostics.filter { $0.file == broken.file }.map { "\($0.code.rawValue) \($0.mark.line)" }
        #expect(told == broken.expected, "\(error?.description ?? "")")
        #expect(error?.diagnostics.allSatisfy { $0.mark.column >= 1 && !$0.hint.isEmpty } == true)
    }
}
