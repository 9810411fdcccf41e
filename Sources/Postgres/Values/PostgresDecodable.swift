/// A Swift value that can be read from a cell of a result.
public protocol PostgresDecodable {
    /// Reads a value from its binary form.
    ///
    /// - Parameters:
    ///   - bytes: the cell, valid only during the call.
    ///   - type: the column's type, so that a `smallint` can be read as `Int` but text cannot.
    init(postgresBytes bytes: RawSpan, type: PostgresType) throws(DecodingFailure)

    /// What SQL `NULL` reads as; only optionals have an answer.
    static func postgresNull() throws(DecodingFailure) -> Self
}

extension PostgresDecodable {
    @inlinable
    public static func postgresNull() throws(DecodingFailure) -> Self {
        throw .unexpectedNull
    }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
    @inlinable
    public init(postgresBytes bytes: RawSpan, type: PostgresType) throws(DecodingFailure) {
        self = .some(try Wrapped(postgresBytes: bytes, type: type))
    }

    @inlinable
    public static func postgresNull() throws(DecodingFailure) -> Self { .none }
}

/// Why a cell could not be read as the type asked for.
public enum DecodingFailure: Error, Hashable, Sendable {
    /// The cell is `NULL` and the type asked for is not an optional.
    case unexpectedNull
    /// The column's type cannot be read as the type asked for.
    case typeMismatch
    /// The number does not fit in the type asked for.
    case outOfRange
    /// The bytes are not what the server's binary format says, for example text that is not UTF-8.
    case malformed
}
