import CRabbitMQ
import Glibc

extension Scratch {
    /// Lays a table out for the C encoder.
    mutating func table(_ table: FieldTable) -> amqp_table_t {
        guard !table.isEmpty else { return unsafe amqp_table_t(num_entries: 0, entries: nil) }
        let entries = unsafe allocate(amqp_table_entry_t.self, count: table.count)
        var index = 0
        for entry in table {
            let key = unsafe bytes(of: entry.name)
            let value = unsafe self.value(entry.value)
            unsafe (entries + index).initialize(to: amqp_table_entry_t(key: key, value: value))
            index += 1
        }
        return unsafe amqp_table_t(num_entries: Int32(table.count), entries: entries)
    }

    private mutating func value(_ value: FieldValue) -> amqp_field_value_t {
        var result = unsafe amqp_field_value_t()
        unsafe result.kind = value.kind
        switch value {
        case .bool(let value): unsafe result.value.boolean = value ? 1 : 0
        case .int8(let value): unsafe result.value.i8 = value
        case .uint8(let value): unsafe result.value.u8 = value
        case .int16(let value): unsafe result.value.i16 = value
        case .uint16(let value): unsafe result.value.u16 = value
        case .int32(let value): unsafe result.value.i32 = value
        case .uint32(let value): unsafe result.value.u32 = value
        case .int64(let value): unsafe result.value.i64 = value
        case .uint64(let value), .timestamp(let value): unsafe result.value.u64 = value
        case .float(let value): unsafe result.value.f32 = value
        case .double(let value): unsafe result.value.f64 = value
        case .decimal(let scale, let value):
            unsafe result.value.decimal = amqp_decimal_t(decimals: scale, value: value)
        case .string(let value): unsafe result.value.bytes = bytes(of: value)
        case .bytes(let value): unsafe result.value.bytes = bytes(of: value)
        case .table(let value): unsafe result.value.table = table(value)
        case .array(let values):
            let entries = unsafe allocate(amqp_field_value_t.self, count: values.count)
            for (index, element) in values.enumerated() {
                let encoded = unsafe self.value(element)
                unsafe (entries + index).initialize(to: encoded)
            }
            unsafe result.value.array = amqp_array_t(num_entries: Int32(values.count), entries: entries)
        case .null: break
        }
        return unsafe result
    }
}

extension FieldValue {
    /// The type letter on the wire. RabbitMQ reads `B` and `u` as unsigned, as the library writes them.
    fileprivate var kind: UInt8 {
        switch self {
        case .bool: UInt8(ascii: "t")
        case .int8: UInt8(ascii: "b")
        case .uint8: UInt8(ascii: "B")
        case .int16: UInt8(ascii: "s")
        case .uint16: UInt8(ascii: "u")
        case .int32: UInt8(ascii: "I")
        case .uint32: UInt8(ascii: "i")
        case .int64: UInt8(ascii: "l")
        case .uint64: UInt8(ascii: "L")
        case .float: UInt8(ascii: "f")
        case .double: UInt8(ascii: "d")
        case .decimal: UInt8(ascii: "D")
        case .string: UInt8(ascii: "S")
        case .bytes: UInt8(ascii: "x")
        case .timestamp: UInt8(ascii: "T")
        case .table: UInt8(ascii: "F")
        case .array: UInt8(ascii: "A")
        case .null: UInt8(ascii: "V")
        }
    }

    /// A copy of a decoded C value. `TableNesting` keeps out what goes too deep.
    init(copying source: amqp_field_value_t) {
        self =
            switch unsafe source.kind {
            case UInt8(ascii: "t"): unsafe .bool(source.value.boolean != 0)
            case UInt8(ascii: "b"): unsafe .int8(source.value.i8)
            case UInt8(ascii: "B"): unsafe .uint8(source.value.u8)
            case UInt8(ascii: "s"): unsafe .int16(source.value.i16)
            case UInt8(ascii: "u"): unsafe .uint16(source.value.u16)
            case UInt8(ascii: "I"): unsafe .int32(source.value.i32)
            case UInt8(ascii: "i"): unsafe .uint32(source.value.u32)
            case UInt8(ascii: "l"): unsafe .int64(source.value.i64)
            case UInt8(ascii: "L"): unsafe .uint64(source.value.u64)
            case UInt8(ascii: "f"): unsafe .float(source.value.f32)
            case UInt8(ascii: "d"): unsafe .double(source.value.f64)
            case UInt8(ascii: "D"):
                unsafe .decimal(scale: source.value.decimal.decimals, value: source.value.decimal.value)
            case UInt8(ascii: "S"): unsafe .string(String(copying: source.value.bytes))
            case UInt8(ascii: "x"): unsafe .bytes([UInt8](copying: source.value.bytes))
            case UInt8(ascii: "T"): unsafe .timestamp(source.value.u64)
            case UInt8(ascii: "F"): unsafe .table(FieldTable(copying: source.value.table))
            case UInt8(ascii: "A"): unsafe .array(Self.array(copying: source.value.array))
            default: .null
            }
    }

    private static func array(copying source: amqp_array_t) -> [FieldValue] {
        (0..<Int(unsafe source.num_entries)).map { unsafe FieldValue(copying: source.entries[$0]) }
    }
}

extension FieldTable {
    /// A copy of a decoded C table.
    init(copying source: amqp_table_t) {
        self.init()
        let count = Int(unsafe source.num_entries)
        reserveCapacity(count)
        for index in 0..<count {
            let entry = unsafe source.entries[index]
            unsafe appendReceived(String(copying: entry.key), FieldValue(copying: entry.value))
        }
    }
}

extension FieldValue {
    /// A copy of the value a decoded C table has under a name; the last one, if there are several.
    init?(named name: String, in table: amqp_table_t) {
        var index = Int(unsafe table.num_entries)
        while index > 0 {
            index -= 1
            if unsafe table.entries[index].key.spells(name) {
                self = unsafe FieldValue(copying: table.entries[index].value)
                return
            }
        }
        return nil
    }
}

extension amqp_bytes_t {
    /// Whether the bytes are those of a text.
    func spells(_ text: String) -> Bool {
        guard unsafe len == text.utf8.count else { return false }
        var text = text
        return unsafe len == 0 || text.withUTF8 { unsafe memcmp(bytes, $0.baseAddress!, len) == 0 }
    }
}

extension String {
    /// A copy of C bytes; invalid UTF-8 becomes the replacement character.
    init(copying source: amqp_bytes_t) {
        let buffer = unsafe UnsafeRawBufferPointer(start: source.bytes, count: source.len)
        self = unsafe String(decoding: buffer, as: UTF8.self)
    }
}

extension [UInt8] {
    /// A copy of C bytes.
    init(copying source: amqp_bytes_t) {
        self = unsafe [UInt8](UnsafeRawBufferPointer(start: source.bytes, count: source.len))
    }
}
