import SagaModel

/// The JSON Schema of payloads, from the types that participant files declare.
enum PayloadSchema {
    /// A record of fields; fields beyond them are allowed, as newer senders add some.
    static func value(of fields: [Field]) -> Value {
        let required = fields.filter { !$0.type.isOptional }.map { Value.string($0.name) }
        var record: Record = [
            "type": "object",
            "properties": .record(Record(fields.map { Record.Member(name: $0.name, value: value(of: $0.type)) })),
        ]
        record["required"] = required.isEmpty ? nil : .list(required)
        return .record(record)
    }

    private static func value(of type: DataType) -> Value {
        switch type {
        case .id: return .record(["type": "string", "description": "An opaque identifier."])
        case .string: return .record(["type": "string"])
        case .integer: return .record(["type": "integer"])
        case .boolean: return .record(["type": "boolean"])
        case .money: return .record(["type": "integer", "description": "An amount in minor units."])
        case .time: return .record(["type": "integer", "description": "Milliseconds since 1970."])
        case .choice(let words): return .record(["enum": .list(words.map { .string($0) })])
        case .list(let element): return .record(["type": "array", "items": value(of: element)])
        case .record(let record) where record.name.isEmpty: return value(of: record.fields)
        case .record(let record):
            return .record(["$ref": .string("#/components/schemas/\(record.name)")])
        case .optional(let wrapped):
            return .record(["anyOf": .list([value(of: wrapped), .record(["type": "null"])])])
        }
    }
}
