/// One value of a field table (AMQP 0-9-1, section 4.2.5.5, with RabbitMQ's errata for the type letters).
public enum FieldValue: Sendable, Hashable {
    case bool(Bool)
    case int8(Int8)
    case uint8(UInt8)
    case int16(Int16)
    case uint16(UInt16)
    case int32(Int32)
    case uint32(UInt32)
    case int64(Int64)
    case uint64(UInt64)
    case float(Float)
    case double(Double)
    /// `value` divided by ten to the power of `scale`.
    case decimal(scale: UInt8, value: UInt32)
    case string(String)
    case bytes([UInt8])
    /// Seconds since 1970-01-01 UTC.
    case timestamp(UInt64)
    case table(FieldTable)
    case array([FieldValue])
    case null

    /// The text, if this is a string.
    public var stringValue: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The number, if this is an integer of any width that fits.
    public var integerValue: Int64? {
        switch self {
        case .int8(let value): Int64(value)
        case .uint8(let value): Int64(value)
        case .int16(let value): Int64(value)
        case .uint16(let value): Int64(value)
        case .int32(let value): Int64(value)
        case .uint32(let value): Int64(value)
        case .int64(let value): value
        case .uint64(let value): Int64(exactly: value)
        default: nil
        }
    }
}

extension FieldValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .int64(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
}

/// Named values in the order they were written: message headers, declaration arguments, capabilities.
///
/// Tables are short, so a list beats a hash table, and the order on the wire stays the caller's.
public struct FieldTable: Sendable, Hashable, ExpressibleByDictionaryLiteral, Sequence {
    private var entries: [Entry]

    /// One name and its value.
    public struct Entry: Sendable, Hashable {
        public let name: String
        public let value: FieldValue

        public init(_ name: String, _ value: FieldValue) {
            self.name = name
            self.value = value
        }
    }

    /// An empty table.
    public init() {
        entries = []
    }

    /// A table of entries whose names are known to differ, so that none has to be looked for.
    public init(distinct entries: [Entry]) {
        self.entries = entries
    }

    public init(dictionaryLiteral elements: (String, FieldValue)...) {
        entries = []
        for (name, value) in elements { self[name] = value }
    }

    public var count: Int { entries.count }
    public var isEmpty: Bool { entries.isEmpty }

    /// The value of that name; setting nil removes it.
    public subscript(name: String) -> FieldValue? {
        get { entries.first { $0.name == name }?.value }
        set {
            let index = entries.firstIndex { $0.name == name }
            switch (index, newValue) {
            case (let index?, let value?): entries[index] = Entry(name, value)
            case (let index?, nil): entries.remove(at: index)
            case (nil, let value?): entries.append(Entry(name, value))
            case (nil, nil): break
            }
        }
    }

    public func makeIterator() -> IndexingIterator<[Entry]> {
        entries.makeIterator()
    }

    /// Appends without looking for the name, for a table that comes from the wire.
    mutating func appendReceived(_ name: String, _ value: FieldValue) {
        entries.append(Entry(name, value))
    }

    mutating func reserveCapacity(_ count: Int) {
        entries.reserveCapacity(count)
    }

    /// The same entries whatever their order.
    public static func == (left: FieldTable, right: FieldTable) -> Bool {
        left.count == right.count && left.entries.allSatisfy { right[$0.name] == $0.value }
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(entries.count)
    }
}
