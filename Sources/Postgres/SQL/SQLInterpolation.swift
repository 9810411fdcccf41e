/// Gathers the literals and values of a statement.
///
/// Literals arrive as `StaticString`, which only the compiler makes; that is what keeps strings of the running program out.
public struct SQLInterpolation: StringInterpolationProtocol {
    @usableFromInline var pieces: [SQLPiece] = []
    @usableFromInline var values: PostgresWriter
    @usableFromInline var fingerprint: UInt = 0

    @inlinable
    public init(literalCapacity: Int, interpolationCount: Int) {
        pieces.reserveCapacity(interpolationCount + 1)
        values = PostgresWriter(byteCapacity: 32 * interpolationCount)
    }

    @inlinable
    public mutating func appendLiteral(_ literal: StaticString) {
        precondition(literal.hasPointerRepresentation, "a statement's literal is a string, not a single character")
        let piece = SQLPiece(literal: literal)
        if piece.byteCount == 0 && !pieces.isEmpty { return }
        pieces.append(piece)
        mix(piece.address)
        mix(UInt(bitPattern: piece.byteCount))
    }

    /// Binds a value: it becomes `$n` in the text and travels as binary data.
    @inlinable
    public mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value) {
        bind(value)
    }

    /// Binds a value or `NULL`.
    @inlinable
    public mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value?) {
        bind(value)
    }

    /// Puts a name here, in quotes.
    @inlinable
    public mutating func appendInterpolation(_ identifier: SQLIdentifier) {
        var piece = SQLPiece(literal: identifier.literal)
        piece.isIdentifier = true
        pieces.append(piece)
        // One more than an address of a literal, so that a name and a literal never look alike.
        mix(piece.address &+ 1)
        mix(UInt(bitPattern: piece.byteCount))
    }

    @inlinable
    mutating func bind<Value: PostgresEncodable>(_ value: Value) {
        let offset = values.bytes.count
        let isNull = value.isPostgresNull
        if !isNull { value.encode(into: &values) }
        let type = Value.postgresType
        let parameter = SQLPiece.Parameter(
            type: type, offset: offset, byteCount: isNull ? -1 : values.bytes.count - offset)
        if pieces.isEmpty || pieces[pieces.count - 1].parameter != nil { pieces.append(SQLPiece(literal: "")) }
        pieces[pieces.count - 1].parameter = parameter
        mix(UInt(type.oid))
    }

    /// Puts another statement's literals and values here, for parts that several statements share.
    @inlinable
    public mutating func appendInterpolation(sql other: SQL) {
        let offset = values.bytes.count
        values.bytes.append(contentsOf: other.values.bytes)
        if values.refusal == nil { values.refusal = other.values.refusal }
        for var piece in other.pieces {
            piece.parameter?.offset += offset
            pieces.append(piece)
        }
        mix(other.fingerprint)
    }

    /// FNV-1a over words: cheap, and collisions only cost a comparison.
    @inlinable
    mutating func mix(_ word: UInt) {
        fingerprint = (fingerprint ^ word) &* 0x0100_0000_01b3
        fingerprint ^= fingerprint >> 32
    }
}
