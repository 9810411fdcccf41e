/// One statement: text that stands in the program, and the values bound to it.
///
/// A statement is made only from a literal. Every `\(value)` in it becomes a parameter, never text, so there is no way to
/// turn a string read at run time into SQL:
///
/// ```swift
/// try await transaction.execute("INSERT INTO orders (id, note) VALUES (\(id), \(note))")
/// ```
///
/// Parts are put together with ``SQLInterpolation/appendInterpolation(sql:)`` from other such literals.
public struct SQL: Sendable, ExpressibleByStringInterpolation {
    /// The literals, each with the parameter that follows it.
    @usableFromInline
    var pieces: [SQLPiece]

    /// The bytes of all parameters; the pieces say which belong to whom.
    @usableFromInline
    var values: PostgresWriter

    /// Identifies the text and the parameter types, computed from the literals' addresses while the statement is made.
    @usableFromInline
    var fingerprint: UInt

    @inlinable
    public init(stringLiteral literal: StaticString) {
        var interpolation = SQLInterpolation(literalCapacity: 0, interpolationCount: 0)
        interpolation.appendLiteral(literal)
        self.init(stringInterpolation: interpolation)
    }

    @inlinable
    public init(stringInterpolation interpolation: SQLInterpolation) {
        pieces = interpolation.pieces
        values = interpolation.values
        fingerprint = interpolation.fingerprint
    }
}

extension SQL {
    /// How many values are bound.
    var parameterCount: Int {
        pieces.reduce(0) { $0 + ($1.parameter == nil ? 0 : 1) }
    }

    /// The text as the server gets it, with `$1`, `$2`, … where the values belong.
    var text: String {
        var text = ""
        var number = 0
        for piece in pieces {
            text += piece.text
            if piece.parameter != nil {
                number += 1
                text += "$\(number)"
            }
        }
        return text
    }

    /// The declared types of the parameters, in order.
    var parameterTypes: [UInt32] {
        pieces.compactMap { $0.parameter?.type.oid }
    }

    /// Whether both have the same text and parameter types, judged by the addresses of their literals.
    ///
    /// The same text from two places of the program counts as two statements; that costs one more preparation, no more.
    func hasSameTemplate(as other: SQL) -> Bool {
        guard fingerprint == other.fingerprint, pieces.count == other.pieces.count else { return false }
        for index in pieces.indices {
            let (mine, theirs) = (pieces[index], other.pieces[index])
            if mine.address != theirs.address || mine.byteCount != theirs.byteCount
                || mine.parameter?.type != theirs.parameter?.type || mine.isIdentifier != theirs.isIdentifier
            {
                return false
            }
        }
        return true
    }

    /// The statement without the bytes of its values, to be kept as the key of a prepared statement.
    var template: SQL {
        var template = self
        template.values = PostgresWriter()
        return template
    }
}

extension SQL: CustomStringConvertible {
    /// The text without the values, safe to log.
    public var description: String { text }
}
