/// The pieces of a statement and the bytes of its values, together in one block of memory.
///
/// A statement is made for every execution, so it costs one allocation, and none when it binds nothing: the first piece is
/// kept in place, further ones at the beginning of the block, those that find no room there in an array.
@usableFromInline
struct SQLBody: Sendable {
    @usableFromInline var first = SQLPiece()
    @usableFromInline var pieceCount = 0
    /// How many pieces have room in the block.
    @usableFromInline let roomCount: Int
    @usableFromInline var rest: [SQLPiece] = []
    @usableFromInline var values: PostgresWriter
    /// Identifies the text and the parameter types, computed from the literals' addresses.
    @usableFromInline var fingerprint: UInt = 0

    @inlinable
    init(interpolationCount: Int) {
        roomCount = interpolationCount
        values = PostgresWriter(
            headByteCount: interpolationCount &* MemoryLayout<SQLPiece>.stride, byteCapacity: 32 &* interpolationCount)
    }

    @inlinable
    subscript(index: Int) -> SQLPiece {
        get {
            if index == 0 { return first }
            if index > roomCount { return rest[index &- 1 &- roomCount] }
            return unsafe values.place(ofHead: index &- 1, as: SQLPiece.self).pointee
        }
        set {
            if index == 0 {
                first = newValue
            } else if index > roomCount {
                rest[index &- 1 &- roomCount] = newValue
            } else {
                unsafe values.place(ofHead: index &- 1, as: SQLPiece.self).pointee = newValue
            }
        }
    }

    @inlinable
    mutating func append(_ piece: SQLPiece) {
        if pieceCount > roomCount { rest.append(piece) }
        pieceCount &+= 1
        self[pieceCount &- 1] = piece
        mix(piece.address)
        mix(UInt(piece.literalByteCount))
    }

    @inlinable
    mutating func bind<Value: PostgresEncodable>(_ value: Value) {
        var piece = pieceCount == 0 ? SQLPiece() : self[pieceCount &- 1]
        if pieceCount == 0 || piece.hasParameter {
            piece = SQLPiece(literal: "")
            append(piece)
        }
        piece.type = Value.postgresType.oid
        piece.offset = values.count
        if value.isPostgresNull {
            piece.byteCount = -1
        } else {
            value.encode(into: &values)
            piece.byteCount = values.count &- piece.offset
        }
        self[pieceCount &- 1] = piece
        mix(UInt(piece.type))
    }

    /// FNV-1a over words: cheap, and collisions only cost a comparison.
    @inlinable
    mutating func mix(_ word: UInt) {
        fingerprint = (fingerprint ^ word) &* 0x0100_0000_01b3
        fingerprint ^= fingerprint >> 32
    }
}

extension SQLBody {
    /// The pieces that bind a value.
    var parameters: [SQLPiece] {
        (0..<pieceCount).map { self[$0] }.filter(\.hasParameter)
    }

    /// How many bytes the values take.
    var valueByteCount: Int { values.count - values.headByteCount }
}
