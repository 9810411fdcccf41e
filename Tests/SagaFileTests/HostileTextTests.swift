import SagaFile
import SagaModel
import Testing

/// Text that means harm: it must be refused in time, with a place, and without a trap.
@Suite struct HostileTextTests {
    private func codes(_ text: String, limits: Limits = .written) -> [DiagnosticCode] {
        codes(Array(text.utf8), limits: limits)
    }

    private func codes(_ bytes: [UInt8], limits: Limits = .written) -> [DiagnosticCode] {
        do throws(DefinitionError) {
            _ = try YAMLReader.root(of: bytes, file: "hostile", limits: limits)
            return []
        } catch {
            return error.diagnostics.map(\.code)
        }
    }

    @Test func fileThatIsTooLarge() {
        let text = "a: " + String(repeating: "x", count: Limits.written.byteCountMax)
        #expect(codes(text) == [.fileTooLarge])
    }

    @Test func scalarThatIsTooLong() {
        #expect(codes("a: " + String(repeating: "x", count: Limits.written.scalarByteCountMax)) == [])
        #expect(codes("a: " + String(repeating: "x", count: Limits.written.scalarByteCountMax + 1)) == [.scalarTooLong])
    }

    @Test func moreValuesThanAllowed() {
        let most = Limits.written.nodeCountMax
        #expect(codes("[" + String(repeating: "1,", count: most - 2) + "1]") == [])
        #expect(codes("[" + String(repeating: "1,", count: most - 1) + "1]") == [.tooManyNodes])
    }

    @Test(arguments: ["[", "{a: ", "- ", "? ", "a:\n ", "[{a: "]) func deepNesting(_ opening: String) {
        let text = String(repeating: opening, count: Limits.written.byteCountMax / opening.utf8.count)
        let found = codes(text)
        let allowed: [DiagnosticCode] = [.tooDeep, .yamlSyntax, .keyNotScalar, .duplicateKey]
        #expect(found.count == 1 && allowed.contains(found[0]), "\(found)")
    }

    @Test func exactlyTheDeepestNesting() {
        let most = Limits.written.depthMax
        let deepest = String(repeating: "[", count: most) + String(repeating: "]", count: most)
        #expect(codes(deepest) == [])
        #expect(codes("[" + deepest + "]") == [.tooDeep])
    }

    @Test func billionLaughs() {
        let text = """
            a: &a [x, x, x, x, x, x, x, x]
            b: &b [*a, *a, *a, *a, *a, *a, *a, *a]
            c: &c [*b, *b, *b, *b, *b, *b, *b, *b]
            """
        #expect(codes(text) == [.yamlAnchor])
    }

    @Test(arguments: ["a: &a *a", "&a [*a]", "&a {b: *a}", "*a : b"]) func cyclicAnchors(_ text: String) {
        let found = codes(text)
        #expect(found == [.yamlAnchor] || found == [.yamlAlias] || found == [.yamlSyntax], "\(found)")
    }

    @Test func thousandsOfKeysStayQuick() {
        let text = (0..<9_000).map { "k\($0): \($0)\n" }.joined()
        #expect(codes(text) == [])
        #expect(codes(text + "k4711: again\n") == [.duplicateKey])
    }

    @Test func lineEndsOfOtherSystems() throws {
        let root = try YAMLReader.root(of: Array("a: 1\r\nb: 2\r\n".utf8), file: "crlf")
        #expect(root["b"]?.mark == Mark(line: 2, column: 4))
    }

    @Test func byteOrderMarkAtTheStartIsAllowed() {
        #expect(codes("\u{FEFF}a: 1") == [])
    }

    @Test func typesThatHoldEachOtherInALongChain() {
        let types = (0..<4_000).map { "  T\($0): { x: T\($0 + 1) }\n" }.joined()
        let file = "participant: p\nqueue: p.commands\ntypes:\n\(types)  T4000: { x: id }\n"
        let error = #expect(throws: DefinitionError.self) {
            _ = try SagaLibrary(participants: [SourceFile(path: "p", text: file)], sagas: [])
        }
        #expect(error?.diagnostics.contains { $0.code == .typeTooLarge } == true)
    }

    @Test func manyUnknownNamesAmongMany() {
        let commands = (0..<500).map { "  C\($0): { key: k, payload: { k: id }, ok: R\($0 + 1000) }\n" }.joined()
        let file = "participant: p\nqueue: p.commands\ncommands:\n\(commands)replies: { R: {} }\n"
        let error = #expect(throws: DefinitionError.self) {
            _ = try SagaLibrary(participants: [SourceFile(path: "p", text: file)], sagas: [])
        }
        #expect(error?.diagnostics.count == Limits.written.diagnosticCountMax)
    }
}
