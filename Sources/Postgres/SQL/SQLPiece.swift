/// A literal of a statement and, where one follows, the parameter behind it.
@usableFromInline
struct SQLPiece: Sendable {
    @usableFromInline var literal: StaticString
    @usableFromInline var parameter: Parameter?

    /// Where a parameter's bytes lie in the statement's buffer.
    @usableFromInline
    struct Parameter: Sendable {
        @usableFromInline var type: PostgresType
        @usableFromInline var offset: Int
        /// The length in bytes, -1 for `NULL`.
        @usableFromInline var byteCount: Int

        @inlinable
        init(type: PostgresType, offset: Int, byteCount: Int) {
            self.type = type
            self.offset = offset
            self.byteCount = byteCount
        }
    }

    @inlinable
    init(literal: StaticString) {
        self.literal = literal
    }

    /// The literal's place in the program: constant for the life of the process.
    @inlinable
    var address: UInt { UInt(bitPattern: unsafe literal.utf8Start) }

    @inlinable
    var byteCount: Int { literal.utf8CodeUnitCount }
}
