import SagaModel

/// Reads saga files against the participants that are known.
struct SagaLoader {
    private let shelf: ParticipantShelf
    private let dialect: Dialect
    private(set) var faults: [Diagnostic] = []

    init(shelf: ParticipantShelf, dialect: Dialect = .written) {
        self.shelf = shelf
        self.dialect = dialect
    }

    /// Returns the saga, or nil after its faults have been collected.
    ///
    /// While a participant has faults of its own only the shape of a saga is checked: its names would be blamed for
    /// what stands wrong elsewhere.
    mutating func load(_ file: SourceFile) -> LoadedSaga? {
        var report = Report(file: file.path)
        defer { faults += FoldedText(file).placed(report.diagnostics) }
        do throws(DefinitionError) {
            let root = try YAMLReader.root(of: file.bytes, file: file.path, dialect: dialect)
            guard let draft = FileFormats.saga.read(root, &report), shelf.faults.isEmpty else { return nil }
            var shelf = shelf
            shelf.add(draft.participants, &report)
            var resolver = SagaResolver(
                draft, root: root, participants: shelf.participants, types: shelf.types, report: report)
            let definition = resolver.resolve()
            report = resolver.report
            return definition.map {
                LoadedSaga(
                    path: file.path, definition: $0, canonical: CanonicalDefinition($0), root: root, draft: draft)
            }
        } catch {
            faults += error.diagnostics
            return nil
        }
    }
}
