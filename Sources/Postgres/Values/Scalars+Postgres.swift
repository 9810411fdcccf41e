extension Bool: PostgresEncodable, PostgresDecodable {
    @inlinable public static var postgresType: PostgresType { .bool }

    @inlinable
    public func encode(into writer: inout PostgresWriter) { writer.write(UInt8(self ? 1 : 0)) }

    @inlinable
    public init(postgresBytes bytes: RawSpan, type: PostgresType) throws(DecodingFailure) {
        guard type == .bool else { throw .typeMismatch }
        self = try bytes.wholeInteger(as: UInt8.self) != 0
    }
}

extension Double: PostgresEncodable, PostgresDecodable {
    @inlinable public static var postgresType: PostgresType { .float8 }

    @inlinable
    public func encode(into writer: inout PostgresWriter) { writer.write(bitPattern) }

    @inlinable
    public init(postgresBytes bytes: RawSpan, type: PostgresType) throws(DecodingFailure) {
        switch type {
        case .float8: self = Double(bitPattern: try bytes.wholeInteger())
        case .float4: self = Double(Float(bitPattern: try bytes.wholeInteger()))
        default: throw .typeMismatch
        }
    }
}

extension Float: PostgresEncodable, PostgresDecodable {
    @inlinable public static var postgresType: PostgresType { .float4 }

    @inlinable
    public func encode(into writer: inout PostgresWriter) { writer.write(bitPattern) }

    @inlinable
    public init(postgresBytes bytes: RawSpan, type: PostgresType) throws(DecodingFailure) {
        guard type == .float4 else { throw .typeMismatch }
        self = Float(bitPattern: try bytes.wholeInteger())
    }
}
