import SagaModel

/// The model's expressions, conditions and types, spelled as the parser reads them.
extension Spelling {
    static func assignments(_ assignments: [Assignment]) -> Value {
        .record(Record(assignments.map { Record.Member(name: $0.field, value: expression($0.value)) }))
    }

    static func expression(_ expression: Expression) -> Value {
        switch expression {
        case .path(let path): .string(path.description)
        case .literal(let literal): self.literal(literal)
        case .record(let fields): assignments(fields)
        case .list(let items): .list(items.map(self.expression))
        }
    }

    private static func literal(_ literal: Value) -> Value {
        switch literal {
        case .string(let text): .string(ExpressionDraft.spell(text))
        case .null, .boolean, .integer: literal
        case .list(let items): .list(items.map(self.literal))
        case .record(let record):
            .record(Record(record.members.map { Record.Member(name: $0.name, value: self.literal($0.value)) }))
        }
    }

    /// Spells a condition with parentheses wherever they could matter.
    static func condition(_ condition: Condition) -> String {
        switch condition {
        case .equal(let left, let right): "\(operand(left)) == \(operand(right))"
        case .notEqual(let left, let right): "\(operand(left)) != \(operand(right))"
        case .less(let left, let right): "\(operand(left)) < \(operand(right))"
        case .among(let needle, let hay): "\(operand(needle)) in [\(hay.map(operand).joined(separator: ", "))]"
        case .exists(let path): "exists \(path)"
        case .and(let parts): parts.map { "(\(self.condition($0)))" }.joined(separator: " and ")
        case .or(let parts): parts.map { "(\(self.condition($0)))" }.joined(separator: " or ")
        case .not(let part): "not (\(self.condition(part)))"
        }
    }

    private static func operand(_ expression: Expression) -> String {
        switch self.expression(expression) {
        case .string(let word): word
        case let other: CanonicalJSON.text(of: other)
        }
    }

    static func fields(_ fields: [Field]) -> Value {
        .record(Record(fields.map { Record.Member(name: $0.name, value: type($0.type)) }))
    }

    private static func type(_ type: DataType) -> Value {
        if case .record(let record) = type, record.name.isEmpty { return fields(record.fields) }
        return .string(type.description)
    }
}
