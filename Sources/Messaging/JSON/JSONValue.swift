/// Any JSON value, for what has no type of its own: a message shown to a person, a definition with free parts.
///
/// Numbers keep what they were: an integer is never turned into a double.
public enum JSONValue: Sendable, Hashable {
    case null
    case boolean(Bool)
    case integer(Int64)
    /// An integer past the signed range.
    case unsigned(UInt64)
    case number(Double)
    case string(String)
    case array([JSONValue])
    /// The fields in their order.
    case object([Field])

    /// One field of an object.
    public struct Field: Sendable, Hashable {
        public var name: String
        public var value: JSONValue

        public init(_ name: String, _ value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    /// The value of a field, or nil if this is no object or has no such field.
    public subscript(name: String) -> JSONValue? {
        guard case .object(let fields) = self else { return nil }
        return fields.first { $0.name == name }?.value
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByFloatLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(booleanLiteral value: Bool) { self = .boolean(value) }
    public init(floatLiteral value: Double) { self = .number(value) }
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(elements.map { Field($0, $1) })
    }
}

extension JSONValue: Codable {
    public init(from decoder: any Decoder) throws {
        guard let decoder = decoder as? JSONValueDecoder else { throw JSONError.onlyOwnCoder }
        self = try decoder.document.jsonValue(at: decoder.index)
    }

    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .null:
            var container = encoder.singleValueContainer()
            try container.encodeNil()
        case .boolean(let value): try value.encode(to: encoder)
        case .integer(let value): try value.encode(to: encoder)
        case .unsigned(let value): try value.encode(to: encoder)
        case .number(let value): try value.encode(to: encoder)
        case .string(let value): try value.encode(to: encoder)
        case .array(let elements): try elements.encode(to: encoder)
        case .object(let fields):
            var container = encoder.container(keyedBy: JSONPathKey.self)
            for field in fields { try container.encode(field.value, forKey: JSONPathKey(.field(field.name))) }
        }
    }
}

extension JSONError {
    static let onlyOwnCoder = JSONError(.invalidValue, "JSONValue is read by JSON.decode only", path: "$")
}

extension JSONDocument {
    /// Reads whatever stands at an index. The depth is bounded by the parser.
    func jsonValue(at index: Int) throws(JSONError) -> JSONValue {
        switch self[index].kind {
        case .null: return .null
        case .isTrue: return .boolean(true)
        case .isFalse: return .boolean(false)
        case .fraction: return .number(try double(at: index))
        case .integer: return try wholeNumber(at: index)
        case .string, .key: return .string(text(at: index))
        case .array: return .array(try elements(of: index))
        case .object: return .object(try fields(of: index))
        }
    }

    private func wholeNumber(at index: Int) throws(JSONError) -> JSONValue {
        if let value: Int64 = withScalar(at: index, JSONNumber.integer) { return .integer(value) }
        return .unsigned(try integer(at: index))
    }

    private func elements(of array: Int) throws(JSONError) -> [JSONValue] {
        var elements: [JSONValue] = []
        var position = array + 1
        for _ in 0..<self[array].length {
            elements.append(try jsonValue(at: position))
            position = Int(self[position].next)
        }
        return elements
    }

    private func fields(of object: Int) throws(JSONError) -> [JSONValue.Field] {
        useAll(of: object)
        var fields: [JSONValue.Field] = []
        var key = object + 1
        for _ in 0..<self[object].length {
            fields.append(JSONValue.Field(text(at: key), try jsonValue(at: key + 1)))
            key = Int(self[key + 1].next)
        }
        return fields
    }
}
