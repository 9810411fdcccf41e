/// The one way to write a value as JSON: keys sorted by their UTF-8 bytes, no white space, integers only.
///
/// A value of the same scalars always gives the same bytes, so the bytes can be hashed and compared. The escapes are the shortest ones of
/// RFC 8785, section 3.2.2.2; the order of keys is by UTF-8 bytes and not by UTF-16 as there.
package enum CanonicalJSON {
    /// How much ``value(of:limits:)`` takes in.
    package struct Limits: Sendable, Hashable {
        package var byteCountMax: Int
        package var depthMax: Int

        package init(byteCountMax: Int = 1 << 20, depthMax: Int = 64) {
            self.byteCountMax = byteCountMax
            self.depthMax = depthMax
        }
    }

    /// The value's canonical text.
    package static func text(of value: Value) -> String {
        String(decoding: bytes(of: value), as: UTF8.self)
    }

    /// The value's canonical bytes.
    package static func bytes(of value: Value) -> [UInt8] {
        var writer = CanonicalJSONWriter(byteCount: 512)
        writer.write(value)
        return writer.bytes
    }

    /// Reads one JSON value; white space and any order of keys are allowed.
    ///
    /// - Throws: ``CanonicalJSONError`` for what is no JSON, has a float or a duplicate key, or exceeds the limits.
    package static func value(
        of bytes: [UInt8], limits: Limits = Limits()
    ) throws(CanonicalJSONError) -> Value {
        guard bytes.count <= limits.byteCountMax else {
            throw CanonicalJSONError(.tooLong, at: limits.byteCountMax)
        }
        var reader = CanonicalJSONReader(bytes: bytes, depthMax: limits.depthMax)
        return try reader.readDocument()
    }

    /// Reads one JSON value of a text.
    package static func value(
        of text: String, limits: Limits = Limits()
    ) throws(CanonicalJSONError) -> Value {
        try value(of: Array(text.utf8), limits: limits)
    }
}

/// Why bytes are not the JSON of a value.
package struct CanonicalJSONError: Error, Hashable, CustomStringConvertible {
    package enum Code: String, Sendable, Hashable, CaseIterable {
        case tooLong = "more bytes than allowed"
        case tooDeep = "nested deeper than allowed"
        case unexpectedEnd = "the text ends in the middle of a value"
        case unexpectedByte = "this byte cannot stand here"
        case trailingBytes = "something follows the value"
        case notAnInteger = "only integers are allowed, without fraction or exponent"
        case integerTooLarge = "the integer does not fit 64 bits"
        case invalidText = "the string is not valid UTF-8 or holds a lone surrogate"
        case duplicateKey = "the record has this key twice"
    }

    package var code: Code
    /// How many bytes stand before the place.
    package var offset: Int

    init(_ code: Code, at offset: Int) {
        self.code = code
        self.offset = offset
    }

    package var description: String { "JSON, byte \(offset): \(code.rawValue)" }
}

/// Appends canonical JSON to bytes.
struct CanonicalJSONWriter {
    private(set) var bytes: [UInt8] = []

    /// - Parameter byteCount: how much there may be; more costs a copy.
    init(byteCount: Int) {
        bytes.reserveCapacity(byteCount)
    }

    mutating func write(_ value: Value) {
        switch value {
        case .null: bytes += "null".utf8
        case .boolean(let value): bytes += (value ? "true" : "false").utf8
        case .integer(let value): bytes += String(value).utf8
        case .string(let value): write(value)
        case .list(let values): write(values)
        case .record(let record): write(record)
        }
    }

    private mutating func write(_ values: [Value]) {
        bytes.append(UInt8(ascii: "["))
        for (index, value) in values.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            write(value)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    private mutating func write(_ record: Record) {
        bytes.append(UInt8(ascii: "{"))
        for (index, member) in record.members.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            write(member.name)
            bytes.append(UInt8(ascii: ":"))
            write(member.value)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    /// What needs no escape is copied in one piece: in most texts that is all of it.
    private mutating func write(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { text in
            var start = 0
            for (index, byte) in text.enumerated() where Self.needsEscape(byte) {
                bytes.append(contentsOf: text[start..<index])
                writeEscape(of: byte)
                start = index + 1
            }
            bytes.append(contentsOf: text[start...])
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private mutating func writeEscape(of byte: UInt8) {
        switch byte {
        case 0x08: bytes += "\\b".utf8
        case 0x09: bytes += "\\t".utf8
        case 0x0a: bytes += "\\n".utf8
        case 0x0c: bytes += "\\f".utf8
        case 0x0d: bytes += "\\r".utf8
        case 0..<0x20:
            bytes += "\\u00".utf8
            bytes += [Self.hexDigit(byte >> 4), Self.hexDigit(byte & 0xf)]
        default: bytes += [UInt8(ascii: "\\"), byte]
        }
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}
