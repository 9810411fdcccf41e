extension DataType {
    package var isOptional: Bool {
        if case .optional = self { true } else { false }
    }

    /// The type without its question mark.
    package var unwrapped: DataType {
        if case .optional(let wrapped) = self { wrapped.unwrapped } else { self }
    }

    /// The type with one question mark.
    package var asOptional: DataType { .optional(unwrapped) }

    /// Whether a value of this type may equal one of the other.
    package func isComparable(with other: DataType) -> Bool {
        canFill(other.asOptional) || other.canFill(asOptional)
    }

    /// Whether every value of this type is one of `target`.
    package func canFill(_ target: DataType) -> Bool {
        switch (self, target) {
        case (.optional(let wrapped), .optional(let other)): wrapped.canFill(other)
        case (.optional, _): false
        case (_, .optional(let other)): canFill(other)
        case (.id, .string), (.string, .id), (.choice, .string): true
        case (.money, .integer), (.integer, .money), (.time, .integer), (.integer, .time): true
        case (.choice(let names), .choice(let others)): Set(names).isSubset(of: others)
        case (.list(let element), .list(let other)): element.canFill(other)
        case (.record(let record), .record(let other)): record.canFill(other)
        default: self == target
        }
    }
}

extension RecordType {
    fileprivate func canFill(_ target: RecordType) -> Bool {
        if !name.isEmpty && name == target.name { return true }
        return target.fields.allSatisfy { wanted in
            guard let own = fields.first(where: { $0.name == wanted.name }) else { return wanted.type.isOptional }
            return own.type.canFill(wanted.type)
        }
    }
}

extension Value {
    /// Whether the value is one of the type; fields that the type does not know are allowed, as newer senders add them.
    package func fits(_ type: DataType) -> Bool {
        switch (type, self) {
        case (.id, .string), (.string, .string), (.boolean, .boolean): true
        case (.integer, .integer), (.money, .integer), (.time, .integer): true
        case (.choice(let names), .string(let name)): names.contains(name)
        case (.list(let element), .list(let values)): values.allSatisfy { $0.fits(element) }
        case (.record(let record), .record(let value)):
            record.fields.allSatisfy { field in value[field.name].fits(field.type) }
        case (.optional, .null): true
        case (.optional(let wrapped), _): fits(wrapped)
        default: false
        }
    }
}

extension Value? {
    /// Whether the value is one of the type; an absent one fits only an optional type.
    package func fits(_ type: DataType) -> Bool {
        self?.fits(type) ?? type.isOptional
    }
}
