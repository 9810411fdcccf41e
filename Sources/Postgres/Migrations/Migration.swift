/// One step of a schema, kept beside the store it serves.
///
/// What has been applied anywhere is never edited: a change is a further migration. Statements run in one transaction, so
/// those that cannot (`CREATE INDEX CONCURRENTLY`) have no place here.
public struct Migration: Sendable {
    /// Counts from 1 without gaps within its set.
    public let number: Int
    public let name: String
    public let statements: [SQL]

    public init(_ number: Int, _ name: String, _ statements: [SQL]) {
        self.number = number
        self.name = name
        self.statements = statements
    }

    /// What the checksum is made of.
    var text: String { statements.map(\.text).joined(separator: ";\n") }
}

/// What ``PostgresPool/migrate(_:_:timeout:)`` did.
public struct MigrationReport: Sendable, Hashable {
    /// The numbers applied by this call, in order.
    public var applied: [Int] = []
    /// The highest number in the database.
    public var version = 0

    public init(applied: [Int] = [], version: Int = 0) {
        self.applied = applied
        self.version = version
    }
}
