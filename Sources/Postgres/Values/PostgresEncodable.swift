/// A Swift value that can stand as a parameter of a statement.
public protocol PostgresEncodable: Sendable {
    /// The type the parameter is declared with, so that the server never has to guess.
    static var postgresType: PostgresType { get }

    /// Whether the value is SQL `NULL`; nothing is encoded then.
    var isPostgresNull: Bool { get }

    /// Writes the value in the server's binary format, without its length.
    func encode(into writer: inout PostgresWriter)
}

extension PostgresEncodable {
    @inlinable
    public var isPostgresNull: Bool { false }
}

extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
    @inlinable
    public static var postgresType: PostgresType { Wrapped.postgresType }

    @inlinable
    public var isPostgresNull: Bool {
        switch self {
        case .none: true
        case .some(let value): value.isPostgresNull
        }
    }

    @inlinable
    public func encode(into writer: inout PostgresWriter) {
        if let value = self { value.encode(into: &writer) }
    }
}
