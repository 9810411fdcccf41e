/// The name of a table, column, channel or schema, made only from a literal.
///
/// In a statement it stands in double quotes: `"LISTEN \(channel)"`.
public struct SQLIdentifier: Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    @usableFromInline let literal: StaticString

    @inlinable
    public init(stringLiteral literal: StaticString) {
        self.literal = literal
    }

    /// The name without quotes.
    public var description: String { literal.description }

    /// The name as statements need it (PostgreSQL manual, section 4.1.1).
    static func quoted(_ name: String) -> String {
        var quoted = "\""
        for character in name.unicodeScalars {
            if character == "\"" { quoted.unicodeScalars.append(character) }
            quoted.unicodeScalars.append(character)
        }
        return quoted + "\""
    }
}
