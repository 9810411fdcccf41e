/// Reads one YAML document into nodes: strict, bounded, and never trusting the bytes.
package enum YAMLReader {
    /// Returns the document's root.
    ///
    /// - Parameters:
    ///   - bytes: The whole file.
    ///   - file: Its name for the diagnostics.
    /// - Throws: `DefinitionError` with the first fault, as nothing after it can be trusted.
    package static func root(
        of bytes: [UInt8], file: String, dialect: Dialect = .written, limits: Limits = .written
    ) throws(DefinitionError) -> Node {
        do throws(NodeBuilder.Fault) {
            try TextInspector.inspect(bytes, limits: limits)
            return try build(bytes, dialect: dialect, limits: limits)
        } catch {
            throw DefinitionError([
                Diagnostic(file: file, mark: error.mark, code: error.code, message: error.message)
            ])
        }
    }

    private static func build(
        _ bytes: [UInt8], dialect: Dialect, limits: Limits
    ) throws(NodeBuilder.Fault) -> Node {
        let outcome = YAMLEventReader.withEventReader(over: bytes, dialect: dialect) { reader in
            var builder = NodeBuilder(limits: limits)
            while true {
                do throws(YAMLSyntaxError) {
                    let (event, mark) = try reader.next()
                    switch builder.take(event, at: mark) {
                    case .more: continue
                    case .finished(let root): return Result<Node, NodeBuilder.Fault>.success(root)
                    case .refused(let fault): return .failure(fault)
                    }
                } catch {
                    return .failure(NodeBuilder.Fault(mark: error.mark, code: .yamlSyntax, message: error.message))
                }
            }
        }
        return try outcome.get()
    }
}
