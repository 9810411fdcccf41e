/// A place in the binary form of an array; every length is checked before it is used.
@usableFromInline
struct ArrayReader {
    @usableFromInline var offset = 0

    @usableFromInline
    struct Header {
        @usableFromInline var dimensionCount: Int
        @usableFromInline var elementType: PostgresType
        @usableFromInline var elementCount: Int

        @inlinable
        init(dimensionCount: Int, elementType: PostgresType, elementCount: Int) {
            self.dimensionCount = dimensionCount
            self.elementType = elementType
            self.elementCount = elementCount
        }
    }

    @inlinable
    init() {}

    @inlinable
    mutating func integer(_ bytes: RawSpan) throws(DecodingFailure) -> Int {
        guard bytes.byteCount - offset >= 4 else { throw .malformed }
        defer { offset += 4 }
        return Int(bytes.bigEndianInteger(at: offset, as: Int32.self))
    }

    /// Reads up to the first element; an array of several dimensions keeps its further sizes unread.
    @inlinable
    mutating func header(_ bytes: RawSpan) throws(DecodingFailure) -> Header {
        let dimensionCount = try integer(bytes)
        _ = try integer(bytes)
        let elementType = PostgresType(oid: UInt32(truncatingIfNeeded: try integer(bytes)))
        var count = 0
        if dimensionCount == 1 {
            count = try integer(bytes)
            _ = try integer(bytes)
            // Each element takes four bytes at least, so a wrong count cannot make us reserve memory for nothing.
            guard count >= 0, count <= (bytes.byteCount - offset) / 4 else { throw .malformed }
        }
        return Header(dimensionCount: dimensionCount, elementType: elementType, elementCount: count)
    }

    @inlinable
    mutating func element<Value: PostgresDecodable>(
        _ bytes: RawSpan, of type: PostgresType
    ) throws(DecodingFailure) -> Value {
        let length = try integer(bytes)
        if length < 0 { return try Value.postgresNull() }
        guard bytes.byteCount - offset >= length else { throw .malformed }
        defer { offset += length }
        return try Value(postgresBytes: bytes.extracting(offset..<(offset + length)), type: type)
    }
}
