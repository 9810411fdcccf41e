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
    @usableFromInline var body: SQLBody

    @inlinable
    public init(stringLiteral literal: StaticString) {
        body = SQLBody(interpolationCount: 0)
        body.append(SQLPiece(literal: literal))
    }

    @inlinable
    public init(stringInterpolation interpolation: SQLInterpolation) {
        body = interpolation.body
    }
}

extension SQL {
    /// How many values are bound.
    var parameterCount: Int { body.parameters.count }

    /// The declared types of the parameters, in order.
    var parameterTypes: [UInt32] { body.parameters.map(\.type) }

    /// The text as the server gets it, with `$1`, `$2`, … where the values belong.
    var text: String {
        var text = ""
        var number = 0
        for index in 0..<body.pieceCount {
            text += body[index].text
            if body[index].hasParameter {
                number += 1
                text += "$\(number)"
            }
        }
        return text
    }
}

extension SQL: CustomStringConvertible {
    /// The text without the values, safe to log.
    public var description: String { text }
}
