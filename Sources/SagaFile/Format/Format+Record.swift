/// One key of a record and how its value is read.
package struct Key<Value>: Sendable {
    package let schema: KeySchema
    /// Gets nil for a key that the file leaves out; returns nil after a fault.
    package let read: @Sendable (Node?, Mark, inout Report) -> Value?

    /// A key that must be there.
    package static func required(
        _ name: String, _ format: Format<Value>, _ about: String, code: DiagnosticCode = .missingKey
    ) -> Key {
        Key(schema: KeySchema(name: name, about: about, isRequired: true, value: format.schema)) { node, mark, report in
            guard let node else {
                report.add(code, at: mark, "the key `\(name)` is missing", hint: "Add `\(name):`. \(about)")
                return nil
            }
            return format.read(node, &report)
        }
    }

    /// A key that may be left out.
    package static func optional<Wrapped>(
        _ name: String, _ format: Format<Wrapped>, _ about: String
    ) -> Key where Value == Wrapped? {
        Key<Wrapped?>(
            schema: KeySchema(name: name, about: about, isRequired: false, value: format.schema)
        ) { node, _, report in
            guard let node else { return .some(nil) }
            // A fault leaves the double nil, which drops the record like any other fault.
            return format.read(node, &report).map { .some($0) }
        }
    }

    /// A key that stands for a fixed value when it is left out.
    package static func defaulted(
        _ name: String, _ format: Format<Value>, to value: Value, _ about: String
    ) -> Key where Value: Sendable {
        Key(schema: KeySchema(name: name, about: about, isRequired: false, value: format.schema)) { node, _, report in
            node.map { format.read($0, &report) } ?? value
        }
    }
}

extension Format {
    /// A mapping with fixed keys, each read by its own format.
    ///
    /// - Parameters:
    ///   - name: What the schema calls the record, unique among all records.
    ///   - about: One sentence for editors.
    ///   - key: The keys; also the only source of the schema.
    ///   - build: Puts the values together; called only when every key was read without a fault.
    package static func record<each Part: Sendable>(
        _ name: String, _ about: String, _ key: repeat Key<each Part>,
        build: @escaping @Sendable (Mark, repeat each Part) -> Value
    ) -> Format {
        var schemas: [KeySchema] = []
        repeat schemas.append((each key).schema)
        let keys = schemas
        let schema = RecordSchema(name: name, about: about, keys: { keys })
        return Format(.record(schema)) { node, report in
            guard report.admitsRecord(node, name: name, keys: keys) else { return nil }
            let values = (repeat (each key).read(node[(each key).schema.name], node.mark, &report))
            var isWhole = true
            func look<Found>(at value: Found?) { if value == nil { isWhole = false } }
            repeat look(at: each values)
            // Every part was just found to be there.
            return isWhole ? build(node.mark, repeat (each values)!) : nil
        }
    }

    /// A format that is looked up when it is needed, for values that hold themselves.
    package static func later(_ name: String, _ format: @escaping @Sendable () -> Format) -> Format {
        Format(.recursive(name) { format().schema }) { node, report in format().read(node, &report) }
    }
}

extension Report {
    /// Checks that the node is a mapping and that it has no key beyond `keys`.
    fileprivate mutating func admitsRecord(_ node: Node, name: String, keys: [KeySchema]) -> Bool {
        guard case .mapping(let entries) = node.content else {
            let names = keys.map { "`\($0.name)`" }.joined(separator: ", ")
            addMismatch(node, expected: "a mapping (\(name))", hint: "It takes the keys \(names).")
            return false
        }
        for entry in entries where !isExtension(entry.key.value) {
            if !keys.contains(where: { $0.name == entry.key.value }) {
                addUnknown(.unknownKey, entry.key, what: "key of `\(name)`", known: keys.map(\.name))
            }
        }
        return true
    }
}
