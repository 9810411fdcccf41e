/// The server's 64-bit number of a transaction (`xid8`), which never wraps.
public struct PostgresTransactionID: Hashable, Sendable, CustomStringConvertible {
    public let value: UInt64

    @inlinable
    public init(_ value: UInt64) {
        self.value = value
    }

    public var description: String { "\(value)" }
}

extension PostgresTransactionID: PostgresEncodable, PostgresDecodable {
    @inlinable public static var postgresType: PostgresType { .xid8 }

    @inlinable
    public func encode(into writer: inout PostgresWriter) { writer.write(value) }

    @inlinable
    public init(postgresBytes bytes: RawSpan, type: PostgresType) throws(DecodingFailure) {
        guard type == .xid8 else { throw .typeMismatch }
        value = try bytes.wholeInteger()
    }
}
