/// A literal of a statement and, where one follows, the parameter behind it.
@usableFromInline
struct SQLPiece: Sendable {
    @usableFromInline var literal: StaticString
    @usableFromInline var parameter: Parameter?
    /// The literal is a name and stands in quotes.
    @usableFromInline var isIdentifier = false

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

    /// The piece as it stands in the statement's text, without the parameter behind it.
    var text: String {
        isIdentifier ? SQLIdentifier.quoted(literal.description) : literal.description
    }
}
