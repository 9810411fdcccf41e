/// The name of a table, column, channel or schema, made only from a literal.
public struct SQLIdentifier: Sendable, Hashable, ExpressibleByStringLiteral {
    /// The name without quotes.
    public let name: String

    public init(stringLiteral literal: StaticString) {
        name = literal.description
    }

    /// The name in double quotes, as statements need it.
    var quoted: String {
        var quoted = "\""
        for character in name {
            if character == "\"" { quoted.append("\"") }
            quoted.append(character)
        }
        quoted.append("\"")
        return quoted
    }
}
