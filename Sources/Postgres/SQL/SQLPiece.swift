/// A literal of a statement and, where one follows, the parameter behind it.
///
/// The literal is kept as its place in the program, which is constant for the life of the process: pieces are compared and
/// copied as plain words.
@usableFromInline
struct SQLPiece: Sendable, BitwiseCopyable {
    @usableFromInline var address: UInt = 0
    @usableFromInline var literalByteCount: UInt32 = 0
    /// The parameter's type, 0 where no parameter follows.
    @usableFromInline var type: UInt32 = 0
    /// Where the parameter's bytes begin in the statement's block.
    @usableFromInline var offset = 0
    /// The length of the parameter in bytes, -1 for `NULL`.
    @usableFromInline var byteCount = 0

    /// Set in the length of a literal that is a name and stands in quotes.
    @usableFromInline static var identifierMark: UInt32 { 1 << 31 }

    @inlinable
    init() {}

    @inlinable
    init(literal: StaticString) {
        precondition(literal.hasPointerRepresentation, "a statement's literal is a string, not a single character")
        address = UInt(bitPattern: unsafe literal.utf8Start)
        literalByteCount = UInt32(truncatingIfNeeded: literal.utf8CodeUnitCount)
    }

    init(identifier: SQLIdentifier) {
        self.init(literal: identifier.literal)
        literalByteCount |= Self.identifierMark
    }

    @inlinable
    var hasParameter: Bool { type != 0 }

    /// The piece as it stands in the statement's text, without the parameter behind it.
    var text: String {
        let isIdentifier = literalByteCount & Self.identifierMark != 0
        let bytes = unsafe UnsafeBufferPointer(
            start: UnsafePointer<UInt8>(bitPattern: address), count: Int(literalByteCount & ~Self.identifierMark))
        let literal = unsafe String(decoding: bytes, as: UTF8.self)
        return isIdentifier ? SQLIdentifier.quoted(literal) : literal
    }

    /// Whether both stand for the same text and parameter type.
    func hasSameTemplate(as other: SQLPiece) -> Bool {
        address == other.address && literalByteCount == other.literalByteCount && type == other.type
    }
}
