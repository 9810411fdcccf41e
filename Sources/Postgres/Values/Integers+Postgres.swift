extension FixedWidthInteger where Self: BitwiseCopyable {
    /// Reads any of the server's integer types, refusing a number that does not fit.
    @inlinable
    init(postgresInteger bytes: RawSpan, type: PostgresType) throws(DecodingFailure) {
        let wide: Int64
        switch type {
        case .int8: wide = try bytes.wholeInteger()
        case .int4: wide = Int64(try bytes.wholeInteger(as: Int32.self))
        case .int2: wide = Int64(try bytes.wholeInteger(as: Int16.self))
        default: throw .typeMismatch
        }
        guard let value = Self(exactly: wide) else { throw .outOfRange }
        self = value
    }
}

extension Int: PostgresEncodable, PostgresDecodable {
    @inlinable public static var postgresType: PostgresType { .int8 }

    @inlinable
    public func encode(into writer: inout PostgresWriter) { writer.write(Int64(self)) }

    @inlinable
    public init(postgresBytes bytes: RawSpan, type: PostgresType) throws(DecodingFailure) {
        try self.init(postgresInteger: bytes, type: type)
    }
}

extension Int64: PostgresEncodable, PostgresDecodable {
    @inlinable public static var postgresType: PostgresType { .int8 }

    @inlinable
    public func encode(into writer: inout PostgresWriter) { writer.write(self) }

    @inlinable
    public init(postgresBytes bytes: RawSpan, type: PostgresType) throws(DecodingFailure) {
        try self.init(postgresInteger: bytes, type: type)
    }
}

extension Int32: PostgresEncodable, PostgresDecodable {
    @inlinable public static var postgresType: PostgresType { .int4 }

    @inlinable
    public func encode(into writer: inout PostgresWriter) { writer.write(self) }

    @inlinable
    public init(postgresBytes bytes: RawSpan, type: PostgresType) throws(DecodingFailure) {
        try self.init(postgresInteger: bytes, type: type)
    }
}

extension Int16: PostgresEncodable, PostgresDecodable {
    @inlinable public static var postgresType: PostgresType { .int2 }

    @inlinable
    public func encode(into writer: inout PostgresWriter) { writer.write(self) }

    @inlinable
    public init(postgresBytes bytes: RawSpan, type: PostgresType) throws(DecodingFailure) {
        try self.init(postgresInteger: bytes, type: type)
    }
}
