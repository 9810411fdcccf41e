/// Gathers the literals and values of a statement.
///
/// Literals arrive as `StaticString`, which only the compiler makes; that is what keeps strings of the running program out.
public struct SQLInterpolation: StringInterpolationProtocol {
    @usableFromInline var body: SQLBody

    @inlinable
    public init(literalCapacity: Int, interpolationCount: Int) {
        body = SQLBody(interpolationCount: interpolationCount)
    }

    @inlinable
    public mutating func appendLiteral(_ literal: StaticString) {
        let piece = SQLPiece(literal: literal)
        if piece.literalByteCount == 0 && body.pieceCount > 0 { return }
        body.append(piece)
    }

    /// Binds a value: it becomes `$n` in the text and travels as binary data.
    @inlinable
    public mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value) {
        body.bind(value)
    }

    /// Binds a value or `NULL`.
    @inlinable
    public mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value?) {
        body.bind(value)
    }

    /// Puts another statement's literals and values here, for parts that several statements share.
    public mutating func appendInterpolation(sql other: SQL) {
        let distance = body.values.count - other.body.values.headByteCount
        unsafe other.body.values.withBytes { unsafe body.values.write(raw: $0) }
        if let refusal = other.body.values.refusal { body.values.refuse(refusal) }
        for index in 0..<other.body.pieceCount {
            var piece = other.body[index]
            piece.offset += distance
            body.append(piece)
            if piece.hasParameter { body.mix(UInt(piece.type)) }
        }
    }

    /// Puts a name here, in quotes.
    public mutating func appendInterpolation(_ identifier: SQLIdentifier) {
        body.append(SQLPiece(identifier: identifier))
    }
}
