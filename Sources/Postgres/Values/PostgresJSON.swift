/// A JSON document as its text, the server's `jsonb` (and `json` when read).
///
/// This library does not look inside: the server checks the syntax, the caller brings the codec.
public struct PostgresJSON: Hashable, Sendable {
    /// The document in UTF-8.
    public var utf8: [UInt8]

    @inlinable
    public init(utf8: [UInt8]) {
        self.utf8 = utf8
    }

    @inlinable
    public init(_ text: String) {
        utf8 = Array(text.utf8)
    }

    /// The document as text; bytes that are not UTF-8 show as replacement characters.
    @inlinable
    public var text: String {
        String(decoding: utf8, as: UTF8.self)
    }
}

extension PostgresJSON: PostgresArrayElement {
    @inlinable public static var postgresType: PostgresType { .jsonb }
    @inlinable public static var postgresArrayType: PostgresType { .jsonbArray }

    /// The binary form of `jsonb` is a version byte, always 1, then the text.
    @inlinable
    public func encode(into writer: inout PostgresWriter) {
        writer.write(UInt8(1))
        writer.write(utf8: utf8)
    }

    @inlinable
    public init(postgresBytes bytes: RawSpan, type: PostgresType) throws(DecodingFailure) {
        switch type {
        case .jsonb: utf8 = try bytes.jsonb()
        case .json, .text: utf8 = [UInt8](copying: bytes)
        default: throw .typeMismatch
        }
    }
}
