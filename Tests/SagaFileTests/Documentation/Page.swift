import SagaFile
import SagaModel
import Testing

/// A page of the documentation and what must stand on it.
struct Page {
    let text: String

    init(_ name: String) throws {
        let path = Repository.tests + "/../../Sources/SagaFile/SagaFile.docc/" + name + ".md"
        text = String(decoding: try SourceFile.read(path).bytes, as: UTF8.self)
    }

    /// The fenced blocks of YAML.
    var examples: [String] {
        text.split(separator: "```yaml\n").dropFirst().compactMap { $0.split(separator: "```", maxSplits: 1).first }
            .map(String.init)
    }

    /// The rows of the tables of keys, as they must stand on the page.
    static func rows(of records: [RecordSchema]) -> String {
        records.map { record in
            let keys = record.keys().map { key in
                "| `\(key.name)` | \(key.isRequired ? "yes" : "") | \(escaped(key.about)) |"
            }
            return """
                ### `\(record.name)`

                \(escaped(record.about))

                | key | needed | what it means |
                |---|---|---|
                \(keys.joined(separator: "\n"))
                """
        }.joined(separator: "\n\n")
    }

    static var codes: String {
        let rows = DiagnosticCode.allCases.map { "| `\($0.rawValue)` | \(escaped($0.remedy)) |" }
        return "| code | remedy |\n|---|---|\n" + rows.joined(separator: "\n")
    }

    private static func escaped(_ text: String) -> String {
        text.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
    }
}
