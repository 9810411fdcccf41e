/// An expression with its paths resolved to data slots.
package enum CompiledExpression: Sendable {
    case literal(Value)
    case slot(Int)
    /// Fields below a data slot.
    case slotPath(Int, [String])
    /// Fields of the payload at hand.
    case payload([String])
    case sagaID
    case sagaKey
    case record([CompiledAssignment.Template])
    case list([CompiledExpression])
}

/// A data slot and what it becomes.
package struct CompiledAssignment: Sendable {
    package let slot: Int
    package let field: String
    package let type: DataType
    package let value: CompiledExpression

    /// A named part of a payload.
    package struct Template: Sendable {
        package let field: String
        package let value: CompiledExpression
    }
}

extension CompiledExpression {
    /// The value, or nil where a path leads nowhere.
    package func value(in instance: Instance, payload: Record?) -> Value? {
        switch self {
        case .slot(let slot): return instance.data[slot]
        case .literal(let value): return value
        case .payload(let fields): return payload?.value(at: fields)
        case .slotPath(let slot, let fields):
            guard case .record(let record)? = instance.data[slot] else { return nil }
            return record.value(at: fields)
        case .sagaID: return .string(instance.id.description)
        case .sagaKey: return instance.key
        case .record(let templates): return .record(Self.record(templates, in: instance, payload: payload))
        case .list(let elements):
            return .list(elements.map { $0.value(in: instance, payload: payload) ?? .null })
        }
    }

    /// Fills the templates; a field whose value is absent is left out.
    static func record(_ templates: [CompiledAssignment.Template], in instance: Instance, payload: Record?) -> Record {
        var members: [Record.Member] = []
        members.reserveCapacity(templates.count)
        for template in templates {
            guard let value = template.value.value(in: instance, payload: payload) else { continue }
            members.append(Record.Member(name: template.field, value: value))
        }
        return Record(sorted: members)
    }
}

extension Record {
    /// The value that the fields lead to, one below the other; nil where they lead nowhere.
    package func value(at fields: [String]) -> Value? {
        guard let first = fields.first else { return .record(self) }
        var value = self[first]
        for field in fields.dropFirst() {
            guard case .record(let record)? = value else { return nil }
            value = record[field]
        }
        return value
    }
}

/// A condition with its paths resolved.
package enum CompiledCondition: Sendable {
    case equal(CompiledExpression, CompiledExpression)
    case less(CompiledExpression, CompiledExpression)
    case among(CompiledExpression, [CompiledExpression])
    case exists(CompiledExpression)
    case and([CompiledCondition])
    case or([CompiledCondition])
    indirect case not(CompiledCondition)

    /// The answer; every instance has one.
    func holds(in instance: Instance) -> Bool {
        switch self {
        case .equal(let left, let right):
            left.value(in: instance, payload: nil) == right.value(in: instance, payload: nil)
        case .less(let left, let right):
            Self.isLess(left.value(in: instance, payload: nil), right.value(in: instance, payload: nil))
        case .among(let needle, let hay):
            hay.contains { $0.value(in: instance, payload: nil) == needle.value(in: instance, payload: nil) }
        case .exists(let expression):
            switch expression.value(in: instance, payload: nil) {
            case nil, .null?: false
            case _?: true
            }
        case .and(let parts): parts.allSatisfy { $0.holds(in: instance) }
        case .or(let parts): parts.contains { $0.holds(in: instance) }
        case .not(let part): !part.holds(in: instance)
        }
    }

    private static func isLess(_ left: Value?, _ right: Value?) -> Bool {
        switch (left, right) {
        case (.integer(let left)?, .integer(let right)?): left < right
        case (.string(let left)?, .string(let right)?):
            left.unicodeScalars.lexicographicallyPrecedes(right.unicodeScalars)
        default: false
        }
    }
}
