import SagaFile
import SagaModel
import Testing

@Suite struct DocumentationTests {
    @Test(arguments: JSONSchema.Kind.allCases) func theTablesOfKeysAreThoseOfTheParser(_ kind: JSONSchema.Kind) throws {
        let rows = Page.rows(of: Self.records(of: kind))
        #expect(try Page("TheFormat").text.contains(rows), "TheFormat.md must hold:\n\(rows)")
    }

    @Test func everyCodeIsListed() throws {
        #expect(try Page("FaultCodes").text.contains(Page.codes), "FaultCodes.md must hold:\n\(Page.codes)")
    }

    @Test func theExamplesAreSound() throws {
        let library = try library()
        #expect(library.sagas.map(\.definition.name) == ["book-seat"])
        let saga = try #require(library.sagas.first)
        #expect(try LoadedSaga.canonical(saga.canonical.json).canonical == saga.canonical)
    }

    @Test(arguments: JSONSchema.Kind.allCases) func theExamplesUseEveryKey(_ kind: JSONSchema.Kind) throws {
        var used: Set<String> = []
        for (index, example) in try Page("TheFormat").examples.enumerated() {
            let root = try YAMLReader.root(of: Array(example.utf8), file: "example \(index)")
            collect(root, .record(JSONSchema.rootRecord(of: kind)), into: &used)
        }
        let keys = Self.records(of: kind).flatMap { record in record.keys().map { "\(record.name).\($0.name)" } }
        // Inline participants and listed outcomes are for the canonical form, which no person writes.
        let canonical: Set = [
            "saga.participants", "listed-outcome.outcome", "listed-outcome.end", "listed-outcome.when",
        ]
        #expect(keys.filter { !used.contains($0) && !canonical.contains($0) } == [])
    }

    /// The lines of the page about replay tests, as it shows them.
    @Test func theReplayTestOfThePageRuns() throws {
        let sagas = Repository.tests + "/../../sagas"

        let library = try SagaLibrary(folder: sagas)
        let path = sagas + "/histories/create-order/approved.history.json"
        let history = try HistoryFile.history(of: .read(path, byteCountMax: Limits.recorded.byteCountMax))
        let saga = try #require(library.saga(named: history.definition, version: history.version))
        #expect(history.replay(with: try CompiledDefinition(saga.definition)) == nil)

        let own = String(decoding: try SourceFile.read(#filePath).bytes, as: UTF8.self)
        let block = try Page("WritingAReplayTest").text.split(separator: "```swift\n")[1].split(separator: "```")[0]
        for line in block.split(separator: "\n") { #expect(own.contains("        \(line)\n"), "\(line)") }
    }

    /// A saga can hold participants in its canonical form; they are explained once.
    private static func records(of kind: JSONSchema.Kind) -> [RecordSchema] {
        let records = JSONSchema.records(of: kind)
        if kind == .participant { return records }
        let others = Set(JSONSchema.records(of: .participant).map(\.name))
        return records.filter { !others.contains($0.name) }
    }

    private func library() throws -> SagaLibrary {
        let examples = try Page("TheFormat").examples
        let files = examples.enumerated().map { SourceFile(path: "example \($0)", text: $1) }
        return try SagaLibrary(
            participants: files.filter { String(decoding: $0.bytes, as: UTF8.self).hasPrefix("participant:") },
            sagas: files.filter { String(decoding: $0.bytes, as: UTF8.self).hasPrefix("saga:") })
    }

    /// Notes the keys that a node uses, as the schema names them.
    private func collect(_ node: Node, _ schema: Schema, into used: inout Set<String>) {
        switch (schema, node.content) {
        case (.record(let record), .mapping(let entries)):
            for entry in entries {
                guard let key = record.keys().first(where: { $0.name == entry.key.value }) else { continue }
                used.insert("\(record.name).\(key.name)")
                collect(entry.value, key.value, into: &used)
            }
        case (.list(let element, _), .list(let items)): for item in items { collect(item, element, into: &used) }
        case (.map(_, let element, _), .mapping(let entries)):
            for entry in entries { collect(entry.value, element, into: &used) }
        case (.either(let forms), _):
            let fitting = forms.filter { fits(node, $0) }
            for form in fitting { collect(node, form, into: &used) }
        default: break
        }
    }

    /// Whether every key of the node is one of the form's.
    private func fits(_ node: Node, _ form: Schema) -> Bool {
        guard case .record(let record) = form else { return true }
        guard case .mapping(let entries) = node.content else { return false }
        let names = record.keys().map(\.name)
        return entries.allSatisfy { names.contains($0.key.value) }
    }
}
