/// The type of a value in `data`, in payloads and in literals.
package indirect enum DataType: Sendable, Hashable {
    /// An opaque identifier, a string on the wire.
    case id
    case string
    case integer
    case boolean
    /// An amount in minor units of the one currency in use, an integer on the wire.
    case money
    /// A point in time in milliseconds since 1970, an integer on the wire.
    case time
    /// One of the strings named.
    case choice([String])
    case list(DataType)
    case record(RecordType)
    /// May be null or absent.
    case optional(DataType)
}

/// A record of named fields.
package struct RecordType: Sendable, Hashable {
    /// The name it is shared by, such as `order.LineItem`; empty for a record written in place.
    package var name: String
    package var fields: [Field]

    package init(name: String = "", fields: [Field]) {
        self.name = name
        self.fields = fields
    }
}

/// A named field and its type.
package struct Field: Sendable, Hashable {
    package var name: String
    package var type: DataType

    package init(_ name: String, _ type: DataType) {
        self.name = name
        self.type = type
    }
}

extension DataType: CustomStringConvertible {
    /// The type as files spell it, such as `list<order.LineItem>` or `id?`.
    package var description: String {
        switch self {
        case .id: "id"
        case .string: "string"
        case .integer: "integer"
        case .boolean: "boolean"
        case .money: "money"
        case .time: "time"
        case .choice(let names): "choice<" + names.joined(separator: "|") + ">"
        case .list(let element): "list<\(element)>"
        case .record(let record):
            record.name.isEmpty
                ? "{" + record.fields.map { "\($0.name): \($0.type)" }.joined(separator: ", ") + "}" : record.name
        case .optional(let wrapped): "\(wrapped)?"
        }
    }
}
