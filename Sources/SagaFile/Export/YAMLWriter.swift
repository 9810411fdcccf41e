package import SagaModel

/// A value in the order in which it is to be written; ``Value`` keeps its members sorted.
package indirect enum OrderedValue: Sendable {
    case value(Value)
    case list([OrderedValue])
    case mapping([(key: String, value: OrderedValue)])

    package init(_ value: Value) {
        switch value {
        case .record(let record): self = .mapping(record.members.map { ($0.name, OrderedValue($0.value)) })
        case .list(let items): self = .list(items.map { OrderedValue($0) })
        case .null, .boolean, .integer, .string: self = .value(value)
        }
    }

    fileprivate var isNested: Bool {
        switch self {
        case .value: false
        case .list(let items): !items.isEmpty
        case .mapping(let members): !members.isEmpty
        }
    }
}

/// Writes a value as YAML that every YAML reader understands the same way: text is quoted unless it is a plain word.
package enum YAMLWriter {
    package static func text(of value: Value) -> String { text(of: OrderedValue(value)) }

    package static func text(of value: OrderedValue) -> String {
        lines(of: value, indent: "").joined(separator: "\n") + "\n"
    }

    private static func lines(of value: OrderedValue, indent: String) -> [String] {
        switch value {
        case .mapping(let members) where !members.isEmpty:
            members.flatMap { lines(of: $0.value, after: indent + scalar($0.key) + ":", indent: indent) }
        case .list(let items) where !items.isEmpty:
            items.flatMap { lines(of: $0, after: indent + "-", indent: indent) }
        case .value, .mapping, .list: [indent + inline(value)]
        }
    }

    private static func lines(of value: OrderedValue, after head: String, indent: String) -> [String] {
        guard value.isNested else { return [head + " " + inline(value)] }
        let inner = lines(of: value, indent: indent + "  ")
        guard head.hasSuffix("-"), let first = inner.first else { return [head] + inner }
        // A mapping or a list in a list begins on the line of the dash.
        return [head + " " + first.dropFirst(indent.count + 2)] + inner.dropFirst()
    }

    private static func inline(_ value: OrderedValue) -> String {
        switch value {
        case .value(.string(let text)): scalar(text)
        case .value(let value): CanonicalJSON.text(of: value)
        case .list: "[]"
        case .mapping: "{}"
        }
    }

    /// Words that some YAML reader would take for something else than text.
    private static let reserved: Set<String> = ["null", "true", "false", "yes", "no", "on", "off", "y", "n", "~"]

    private static func scalar(_ text: String) -> String {
        func isLetter(_ byte: UInt8) -> Bool { (97...122).contains(byte) || (65...90).contains(byte) }
        let isPlain =
            text.utf8.first.map(isLetter) == true && !reserved.contains(text.lowercased())
            && text.utf8.allSatisfy { isLetter($0) || (48...57).contains($0) || "._-/".utf8.contains($0) }
        return isPlain ? text : CanonicalJSON.text(of: .string(text))
    }
}
