package import SagaModel

/// Writes a value as YAML that every YAML reader understands the same way: text is quoted unless it is a plain word.
package enum YAMLWriter {
    package static func text(of value: Value) -> String {
        var lines: [String] = []
        write(value, indent: "", into: &lines)
        return lines.joined(separator: "\n") + "\n"
    }

    /// Appends the value's lines; the first has no indentation, as it may follow a key or a dash.
    private static func write(_ value: Value, indent: String, into lines: inout [String]) {
        switch value {
        case .record(let record) where !record.members.isEmpty:
            for member in record.members {
                write(member.value, after: indent + scalar(member.name) + ":", indent: indent, into: &lines)
            }
        case .list(let items) where !items.isEmpty:
            for item in items { write(item, after: indent + "-", indent: indent, into: &lines) }
        case .null, .boolean, .integer, .string, .record, .list: lines.append(indent + inline(value))
        }
    }

    private static func write(_ value: Value, after head: String, indent: String, into lines: inout [String]) {
        guard isNested(value) else {
            lines.append(head + " " + inline(value))
            return
        }
        var inner: [String] = []
        write(value, indent: indent + "  ", into: &inner)
        if head.hasSuffix("-"), let first = inner.first {
            // A mapping or a list in a list begins on the line of the dash.
            lines.append(head + " " + first.dropFirst(indent.count + 2))
            lines += inner.dropFirst()
        } else {
            lines.append(head)
            lines += inner
        }
    }

    private static func isNested(_ value: Value) -> Bool {
        switch value {
        case .record(let record): !record.members.isEmpty
        case .list(let items): !items.isEmpty
        case .null, .boolean, .integer, .string: false
        }
    }

    private static func inline(_ value: Value) -> String {
        if case .string(let text) = value { return scalar(text) }
        return CanonicalJSON.text(of: value)
    }

    /// Words that a YAML 1.1 reader would take for something else than text.
    private static let reserved: Set<String> = [
        "null", "true", "false", "yes", "no", "on", "off", "y", "n", "~",
    ]

    private static func scalar(_ text: String) -> String {
        let isPlain =
            text.utf8.allSatisfy { byte in
                (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte)
                    || "._-/".utf8.contains(byte)
            } && text.utf8.first.map { (97...122).contains($0) || (65...90).contains($0) } == true
            && !reserved.contains(text.lowercased())
        return isPlain ? text : CanonicalJSON.text(of: .string(text))
    }
}
