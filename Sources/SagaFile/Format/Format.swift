/// How a value is written in a file: what the parser accepts and what the schema says, in one place.
///
/// Formats are put together from smaller ones; there is no second table of keys that could drift from the parser.
package struct Format<Value>: Sendable {
    package let schema: Schema
    /// Reads a node; nil after the fault has been put into the report.
    package let read: @Sendable (Node, inout Report) -> Value?

    package init(_ schema: Schema, read: @escaping @Sendable (Node, inout Report) -> Value?) {
        self.schema = schema
        self.read = read
    }

    /// Reads the value and keeps its place.
    package static func located<Wrapped>(_ format: Format<Wrapped>) -> Format where Value == Located<Wrapped> {
        Format(format.schema) { node, report in
            format.read(node, &report).map { Located($0, at: node.mark) }
        }
    }

    /// Turns what was read into something else that is written the same way.
    package func map<Mapped>(_ transform: @escaping @Sendable (Value) -> Mapped) -> Format<Mapped> {
        Format<Mapped>(schema) { node, report in read(node, &report).map(transform) }
    }
}

extension Format {
    /// A list of values; faults of one entry do not hide those of another.
    package static func list<Element>(of element: Format<Element>, countMin: Int = 1) -> Format
    where Value == [Element] {
        Format(.list(element.schema, countMin: countMin)) { node, report in
            guard case .list(let items) = node.content else {
                report.addMismatch(node, expected: "a list")
                return nil
            }
            if items.count < countMin {
                report.add(.emptyList, at: node.mark, "the list is empty")
                return nil
            }
            return items.compactMap { element.read($0, &report) }
        }
    }

    /// A list, or one value that stands for a list of one.
    package static func oneOrMore<Element>(_ element: Format<Element>) -> Format where Value == [Element] {
        let list = Format<[Element]>.list(of: element)
        return Format(.either([element.schema, list.schema])) { node, report in
            if case .list = node.content { return list.read(node, &report) }
            return element.read(node, &report).map { [$0] }
        }
    }

    /// A mapping whose keys the author chooses, in the order of the file.
    package static func map<Element>(
        _ rule: NameRule, to element: Format<Element>, countMin: Int = 0
    ) -> Format where Value == [Named<Element>] {
        Format(.map(keyPattern: rule.pattern, element.schema, countMin: countMin)) { node, report in
            guard case .mapping(let entries) = node.content else {
                report.addMismatch(node, expected: "a mapping of \(rule.label)s")
                return nil
            }
            if entries.count < countMin {
                report.add(.emptyList, at: node.mark, "the mapping is empty")
                return nil
            }
            return entries.compactMap { entry in
                if isExtension(entry.key.value) { return nil }
                let isNamed = rule.check(entry.key, &report)
                let value = element.read(entry.value, &report)
                return if isNamed, let value { Named(name: entry.key, value: value) } else { nil }
            }
        }
    }

    /// One of several records, told apart by the key that only it has; the first whose key is there is taken.
    package static func oneOf(_ what: String, _ forms: [(key: String, format: Format)]) -> Format {
        Format(.either(forms.map(\.format.schema))) { node, report in
            guard case .mapping = node.content else {
                report.addMismatch(node, expected: "a mapping (\(what))")
                return nil
            }
            if let form = forms.first(where: { node[$0.key] != nil }) { return form.format.read(node, &report) }
            let keys = forms.map { "`\($0.key)`" }.joined(separator: ", ")
            report.add(.missingKey, at: node.mark, "\(what) is missing here", hint: "Write one of \(keys).")
            return nil
        }
    }

    /// One of two forms, told apart by looking at the node.
    package static func either(
        _ first: Format, when matches: @escaping @Sendable (Node) -> Bool, otherwise second: Format
    ) -> Format {
        Format(.either([first.schema, second.schema])) { node, report in
            matches(node) ? first.read(node, &report) : second.read(node, &report)
        }
    }
}

extension Format where Value == Node {
    /// Any value as it stands, to be read later by somebody who knows its type.
    package static var node: Format { Format(.anything) { node, _ in node } }
}

/// A value under a name that the author chose.
package struct Named<Value> {
    package let name: Located<String>
    package let value: Value
}

extension Named: Sendable where Value: Sendable {}

/// Tells whether a key is an extension, which every mapping may hold and nothing reads.
package func isExtension(_ key: String) -> Bool { key.hasPrefix("x-") }

extension Report {
    /// Adds the fault of a value of another kind than the format asks for.
    package mutating func addMismatch(_ node: Node, expected: String, hint: String? = nil) {
        if case .scalar("", isQuoted: false) = node.content {
            add(.emptyValue, at: node.mark, "\(expected) is missing here", hint: hint)
        } else {
            add(.wrongType, at: node.mark, "\(expected) is expected here, not \(node.kindName)", hint: hint)
        }
    }
}
