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

        /// For what we wrote ourselves: it holds the values of many messages, each some levels deeper than it came.
        ///
        /// A message nests 64 levels at most, the types of a definition a few more; no column of the server holds more bytes.
        package static let stored = Limits(byteCountMax: 1 << 30, depthMax: 512)
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

    /// The canonical text of what is written by hand.
    package static func text(_ write: (inout CanonicalJSONWriter) -> Void) -> String {
        var writer = CanonicalJSONWriter(byteCount: 512)
        write(&writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// The value of what is written by hand.
    static func value(_ write: (inout CanonicalJSONWriter) -> Void) -> Value {
        var writer = CanonicalJSONWriter(byteCount: 512)
        write(&writer)
        let limits = Limits(byteCountMax: .max, depthMax: .max)
        guard let value = try? value(of: writer.bytes, limits: limits) else {
            preconditionFailure("what the writer has written cannot be read")
        }
        return value
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
