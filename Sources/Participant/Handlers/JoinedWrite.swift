public import Postgres

/// Something to be written together with what the other handlers of the batch write of this kind, by one statement.
///
/// ```swift
/// struct Credit: JoinedWrite {
///     var account: String
///     var amount: Int64
///
///     static func statement(_ writes: [Credit]) -> SQL {
///         """
///         INSERT INTO credit (account, amount) SELECT * FROM unnest(\(writes.map(\.account)), \(writes.map(\.amount)))
///         """
///     }
/// }
/// ```
public protocol JoinedWrite: Sendable {
    /// The statement that writes all of them.
    ///
    /// No two are of one handler or of one key. Where handlers of different keys may write to one row, the statement adds them
    /// up: an `UPDATE … FROM` takes one of several rows that match.
    static func statement(_ writes: [Self]) -> SQL
}
