extension Array where Element == UInt8 {
    /// Copies the bytes of a cell.
    @inlinable
    init(copying bytes: RawSpan) {
        self = unsafe bytes.withUnsafeBytes { unsafe Array($0) }
    }
}

/// `[UInt8]` is `bytea`; a single byte has no type of its own in Postgres.
extension UInt8: PostgresArrayElement {
    @inlinable public static var postgresType: PostgresType { .bytea }
    @inlinable public static var postgresArrayType: PostgresType { .bytea }

    @inlinable
    public func encode(into writer: inout PostgresWriter) { writer.write(self) }

    @inlinable
    public init(postgresBytes bytes: RawSpan, type: PostgresType) throws(DecodingFailure) {
        guard type == .bytea else { throw .typeMismatch }
        self = try bytes.wholeInteger()
    }

    @inlinable
    public static func encodeArray(_ elements: [UInt8], into writer: inout PostgresWriter) {
        writer.write(elements)
    }

    @inlinable
    public static func decodeArray(_ bytes: RawSpan, type: PostgresType) throws(DecodingFailure) -> [UInt8] {
        switch type {
        case .bytea, .text, .varchar, .json: [UInt8](copying: bytes)
        case .jsonb: try bytes.jsonb()
        default: throw .typeMismatch
        }
    }
}
