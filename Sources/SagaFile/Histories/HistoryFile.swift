package import SagaModel

/// Recorded runs on disk: one history in one file, as canonical JSON.
package enum HistoryFile {
    /// The end of such a file's name.
    package static let suffix = ".history.json"

    /// Returns the history, with the place of the fault when it is none.
    package static func history(of file: SourceFile) throws(DefinitionError) -> History {
        let limits = CanonicalJSON.Limits(
            byteCountMax: Limits.recorded.byteCountMax, depthMax: CanonicalJSON.Limits.stored.depthMax)
        let value: Value
        do throws(CanonicalJSONError) {
            value = try CanonicalJSON.value(of: file.bytes, limits: limits)
        } catch {
            throw fault(file, at: error.offset, .jsonSyntax, error.description)
        }
        do throws(FormatError) {
            return try History(value)
        } catch {
            throw fault(file, at: 0, .historyFormat, error.description)
        }
    }

    private static func fault(
        _ file: SourceFile, at offset: Int, _ code: DiagnosticCode, _ message: String
    ) -> DefinitionError {
        let before = file.bytes.prefix(offset)
        let lines = before.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let mark = Mark(line: max(1, lines.count), column: (lines.last?.count ?? 0) + 1)
        return DefinitionError([Diagnostic(file: file.path, mark: mark, code: code, message: message)])
    }
}
