extension String: PostgresEncodable, PostgresDecodable {
    @inlinable public static var postgresType: PostgresType { .text }

    @inlinable
    public func encode(into writer: inout PostgresWriter) { writer.write(text: self) }

    @inlinable
    public init(postgresBytes bytes: RawSpan, type: PostgresType) throws(DecodingFailure) {
        switch type {
        case .text, .varchar, .bpchar, .name, .json: try self.init(postgresText: bytes)
        case .jsonb: self = String(decoding: try bytes.jsonb(), as: UTF8.self)
        default: throw .typeMismatch
        }
    }

    /// Reads text, which is UTF-8 unless the database has no encoding (`SQL_ASCII`).
    @inlinable
    init(postgresText bytes: RawSpan) throws(DecodingFailure) {
        let text = unsafe bytes.withUnsafeBytes { raw in
            unsafe String(validating: raw.assumingMemoryBound(to: UInt8.self), as: UTF8.self)
        }
        guard let text else { throw .malformed }
        self = text
    }
}
