/// A value whose arrays can be parameters and cells, as `unnest` and `= ANY` need.
public protocol PostgresArrayElement: PostgresEncodable, PostgresDecodable {
    static var postgresArrayType: PostgresType { get }

    static func encodeArray(_ elements: [Self], into writer: inout PostgresWriter)
    static func decodeArray(_ bytes: RawSpan, type: PostgresType) throws(DecodingFailure) -> [Self]
}

extension Array: PostgresEncodable where Element: PostgresArrayElement {
    @inlinable
    public static var postgresType: PostgresType { Element.postgresArrayType }

    @inlinable
    public func encode(into writer: inout PostgresWriter) { Element.encodeArray(self, into: &writer) }
}

extension Array: PostgresDecodable where Element: PostgresArrayElement {
    @inlinable
    public init(postgresBytes bytes: RawSpan, type: PostgresType) throws(DecodingFailure) {
        self = try Element.decodeArray(bytes, type: type)
    }
}

/// The binary form of an array (`array_send` in the server's source): number of dimensions, whether there are nulls, the
/// element type, then per dimension its size and lower bound, then each element behind its length, -1 for `NULL`.
extension PostgresArrayElement {
    @inlinable
    public static func encodeArray(_ elements: [Self], into writer: inout PostgresWriter) {
        writer.write(Int32(elements.isEmpty ? 0 : 1))
        let nullFlagOffset = writer.count
        writer.write(Int32(0))
        writer.write(postgresType.oid)
        if elements.isEmpty { return }
        guard let count = Int32(exactly: elements.count) else {
            return writer.refuse(.tooLarge(byteCount: elements.count))
        }
        writer.write(count)
        writer.write(Int32(1))
        var holdsNull = false
        let elementsOffset = writer.count
        // A span lends its elements, where an array would retain each.
        let lent = elements.span
        for index in lent.indices {
            // The rest is expected to be like the first, so that the block grows once.
            if index == 1 { writer.makeRoom((elements.count &- 1) &* (writer.count &- elementsOffset)) }
            if lent[index].isPostgresNull {
                writer.write(Int32(-1))
                holdsNull = true
            } else {
                writer.writeWithLength { lent[index].encode(into: &$0) }
            }
        }
        if holdsNull { writer.patch(Int32(1), at: nullFlagOffset) }
    }

    @inlinable
    public static func decodeArray(_ bytes: RawSpan, type: PostgresType) throws(DecodingFailure) -> [Self] {
        var reader = ArrayReader()
        let header = try reader.header(bytes)
        guard header.dimensionCount > 0 else { return [] }
        guard header.dimensionCount == 1 else { throw .typeMismatch }
        var elements: [Self] = []
        elements.reserveCapacity(header.elementCount)
        for _ in 0..<header.elementCount {
            elements.append(try reader.element(bytes, of: header.elementType))
        }
        return elements
    }
}

extension Optional: PostgresArrayElement where Wrapped: PostgresArrayElement {
    @inlinable
    public static var postgresArrayType: PostgresType { Wrapped.postgresArrayType }
}

extension Array: PostgresArrayElement where Element == UInt8 {
    @inlinable
    public static var postgresArrayType: PostgresType { .byteaArray }
}

extension Int: PostgresArrayElement {
    @inlinable public static var postgresArrayType: PostgresType { .int8Array }
}

extension Int64: PostgresArrayElement {
    @inlinable public static var postgresArrayType: PostgresType { .int8Array }
}

extension Int32: PostgresArrayElement {
    @inlinable public static var postgresArrayType: PostgresType { .int4Array }
}

extension Int16: PostgresArrayElement {
    @inlinable public static var postgresArrayType: PostgresType { .int2Array }
}

extension Bool: PostgresArrayElement {
    @inlinable public static var postgresArrayType: PostgresType { .boolArray }
}

extension Double: PostgresArrayElement {
    @inlinable public static var postgresArrayType: PostgresType { .float8Array }
}

extension Float: PostgresArrayElement {
    @inlinable public static var postgresArrayType: PostgresType { .float4Array }
}

extension String: PostgresArrayElement {
    @inlinable public static var postgresArrayType: PostgresType { .textArray }
}
