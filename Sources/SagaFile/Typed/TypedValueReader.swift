package import SagaModel

/// Reads values as their type asks for: `17` is text where an id stands and a number where money stands.
package enum TypedValueReader {
    /// Reads a record of fields.
    ///
    /// - Parameter isPartial: whether fields may be left out, as in an expectation.
    /// - Returns: The fields that could be read; faults are in the report.
    package static func record(
        _ node: Node, of fields: [Field], isPartial: Bool, _ report: inout Report
    ) -> Record {
        guard case .mapping(let entries) = node.content else {
            report.addMismatch(node, expected: "a mapping of fields")
            return Record()
        }
        var record = Record()
        for entry in entries where !isExtension(entry.key.value) {
            guard let field = fields.first(where: { $0.name == entry.key.value }) else {
                report.addUnknown(.unknownField, entry.key, what: "field here", known: fields.map(\.name))
                continue
            }
            // An expectation may say of any field that it is absent.
            let type = isPartial ? field.type.asOptional : field.type
            record[field.name] = value(entry.value, of: type, isPartial: isPartial, &report)
        }
        if isPartial { return record }
        for field in fields where !field.type.isOptional && node[field.name] == nil {
            report.add(.missingField, at: node.mark, "the field `\(field.name)`, of type `\(field.type)`, is missing")
        }
        return record
    }

    /// Reads a value; nil after the fault has been put into the report.
    package static func value(
        _ node: Node, of type: DataType, isPartial: Bool = false, _ report: inout Report
    ) -> Value? {
        switch type {
        case .optional(let wrapped):
            if case .scalar("null", isQuoted: false) = node.content { return .null }
            return value(node, of: wrapped, isPartial: isPartial, &report)
        case .id, .string, .choice: return text(node, of: type, &report)
        case .integer, .money, .time, .boolean: return word(node, of: type, &report)
        case .list(let element):
            guard case .list(let items) = node.content else { break }
            return .list(items.compactMap { value($0, of: element, &report) })
        case .record(let fields):
            guard case .mapping = node.content else { break }
            return .record(record(node, of: fields.fields, isPartial: false, &report))
        }
        report.add(.typeMismatch, at: node.mark, "\(node.kindName) stands where `\(type)` is needed")
        return nil
    }

    private static func text(_ node: Node, of type: DataType, _ report: inout Report) -> Value? {
        guard case .scalar(let text, let isQuoted) = node.content, isQuoted || !text.isEmpty else {
            report.add(.typeMismatch, at: node.mark, "\(node.kindName) stands where `\(type)` is needed")
            return nil
        }
        if case .choice(let words) = type, !words.contains(text) {
            report.addUnknown(.unknownChoice, Located(text, at: node.mark), what: "choice", known: words)
            return nil
        }
        return .string(text)
    }

    private static func word(_ node: Node, of type: DataType, _ report: inout Report) -> Value? {
        guard case .scalar(let text, isQuoted: false) = node.content else {
            report.add(.typeMismatch, at: node.mark, "\(node.kindName) stands where `\(type)` is needed")
            return nil
        }
        if type == .boolean, text == "true" || text == "false" { return .boolean(text == "true") }
        if type != .boolean, let number = WholeNumber.parse(text) { return .integer(number) }
        report.add(.typeMismatch, at: node.mark, "`\(text)` stands where `\(type)` is needed")
        return nil
    }

    /// Reads a value whose type nobody declares: quoted text is text, a word is a number, `true`, `false`, `null` or text.
    package static func untyped(_ node: Node) -> Value {
        switch node.content {
        case .scalar(let text, isQuoted: true): return .string(text)
        case .scalar("null", _): return .null
        case .scalar("true", _): return .boolean(true)
        case .scalar("false", _): return .boolean(false)
        case .scalar(let text, _): return WholeNumber.parse(text).map { .integer($0) } ?? .string(text)
        case .list(let items): return .list(items.map(untyped))
        case .mapping(let entries):
            return .record(Record(entries.map { Record.Member(name: $0.key.value, value: untyped($0.value)) }))
        }
    }
}
