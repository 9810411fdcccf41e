package import SagaModel

/// Writes what the formats accept as JSON Schema (draft 2020-12), so that editors complete keys and mark mistakes.
///
/// It says what a schema can say: keys, kinds and spellings. Names that must exist elsewhere are the loader's business.
package enum JSONSchema {
    /// The kinds of file of this library, by the word in their names.
    package enum Kind: String, Sendable, CaseIterable {
        case saga
        case participant
    }

    /// The schema of a kind of file.
    package static func value(of kind: Kind) -> Value {
        value(of: rootRecord(of: kind), title: "Skald \(kind.rawValue) file")
    }

    /// The schema of files with this record at the top.
    package static func value(of record: RecordSchema, title: String) -> Value {
        var writer = SchemaWriter()
        let root = writer.reference(to: record)
        return .record([
            "$schema": "https://json-schema.org/draft/2020-12/schema", "title": .string(title),
            "description": .string(record.about), "$ref": .string(root), "$defs": .record(writer.definitions),
        ])
    }

    /// The record at the top of a kind of file.
    package static func rootRecord(of kind: Kind) -> RecordSchema {
        let schema =
            switch kind {
            case .saga: FileFormats.saga.schema
            case .participant: FileFormats.participant.schema
            }
        guard case .record(let record) = schema else { preconditionFailure("a file is a record") }
        return record
    }

    /// Every record of a kind of file, by its name.
    package static func records(of kind: Kind) -> [RecordSchema] { records(below: rootRecord(of: kind)) }

    /// The record and every other that it is made of, by their names.
    package static func records(below record: RecordSchema) -> [RecordSchema] {
        var writer = SchemaWriter()
        _ = writer.reference(to: record)
        return writer.records.values.sorted { $0.name < $1.name }
    }
}

/// Collects the records that a schema refers to while it is written.
private struct SchemaWriter {
    private(set) var definitions = Record()
    private(set) var records: [String: RecordSchema] = [:]

    mutating func reference(to record: RecordSchema) -> String {
        let path = "#/$defs/\(record.name)"
        if records[record.name] != nil { return path }
        // Known before its keys are written: a record may hold itself.
        records[record.name] = record
        var properties = Record()
        var required: [Value] = []
        for key in record.keys() {
            properties[key.name] = annotated(schema(key.value), about: key.about)
            if key.isRequired { required.append(.string(key.name)) }
        }
        var definition: Record = [
            "type": "object", "description": .string(record.about), "properties": .record(properties),
            "patternProperties": .record(["^x-": .boolean(true)]), "additionalProperties": .boolean(false),
        ]
        definition["required"] = required.isEmpty ? nil : .list(required)
        definitions[record.name] = .record(definition)
        return path
    }

    private func annotated(_ schema: Record, about: String) -> Value {
        var annotated = schema
        annotated["description"] = .string(about)
        return .record(annotated)
    }

    private mutating func schema(_ schema: Schema) -> Record {
        switch schema {
        case .text(let pattern):
            var record: Record = ["type": "string"]
            record["pattern"] = pattern.map { .string($0) }
            return record
        case .choice(let words): return ["enum": .list(words.map { .string($0) })]
        case .integer(let range):
            return [
                "type": "integer", "minimum": .integer(Int64(range.lowerBound)),
                "maximum": .integer(Int64(range.upperBound)),
            ]
        case .list(let element, let countMin):
            return [
                "type": "array", "items": .record(self.schema(element)), "minItems": .integer(Int64(countMin)),
            ]
        case .map(let keyPattern, let value, let countMin):
            return [
                "type": "object",
                "patternProperties": .record([keyPattern: .record(self.schema(value)), "^x-": .boolean(true)]),
                "additionalProperties": .boolean(false), "minProperties": .integer(Int64(countMin)),
            ]
        case .record(let record): return ["$ref": .string(reference(to: record))]
        case .either(let forms):
            var schemas: [Value] = []
            for form in forms { schemas.append(.record(self.schema(form))) }
            return ["anyOf": .list(schemas)]
        case .recursive(let name, let schema):
            if definitions[name] == nil {
                definitions[name] = .record(Record())
                definitions[name] = .record(self.schema(schema()))
            }
            return ["$ref": .string("#/$defs/\(name)")]
        case .anything: return Record()
        }
    }
}
