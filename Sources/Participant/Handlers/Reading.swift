public import Postgres

/// What the handlers of a command begin with: rows that are read for all commands of a batch by one statement, in the round
/// trip that opens the batch.
///
/// ```swift
/// let stored = Reading<CloseAccount, Int64?> { wanted in
///     """
///     SELECT number, credit FROM unnest(\(wanted.map(\.number)), \(wanted.map(\.command.accountId))) AS wanted (number, id)
///     JOIN opened USING (id) ORDER BY id FOR UPDATE OF opened
///     """
/// } found: { rows throws(PostgresError) in try rows.first?.decode(at: 1) }
/// ```
///
/// The statement may lock and read and nothing else: it also runs for commands that turn out to be duplicates. It locks rows
/// in an order that all processes have.
public struct Reading<Command: Sendable, Found: Sendable>: Sendable {
    /// A command to read for.
    public struct Wanted: Sendable {
        /// What the first column of its rows has to say.
        public let number: Int64
        public let command: Command
    }

    let statement: @Sendable ([Wanted]) -> SQL
    let found: @Sendable ([Row]) throws(PostgresError) -> Found

    /// - Parameters:
    ///   - statement: reads for some commands. The first column of each row is the number of the command it is for.
    ///   - found: what the rows of one command say; there may be none.
    public init(
        _ statement: @escaping @Sendable ([Wanted]) -> SQL,
        found: @escaping @Sendable ([Row]) throws(PostgresError) -> Found
    ) {
        self.statement = statement
        self.found = found
    }

    /// Reads for one command, in a round trip of its own.
    public func read(
        for command: Command, in transaction: some PostgresQueryable
    ) async throws(PostgresError) -> Found {
        try found(Array(try await transaction.query(statement([Wanted(number: 0, command: command)]))))
    }
}

/// A reading whose command's type is known to its entry only.
struct OpeningStatement: Sendable {
    /// The type of the commands; the statements of a batch go by it, so that all processes lock in one order.
    let name: String
    let sql: @Sendable ([(place: Int, command: any Sendable)]) -> SQL

    init<Command, Found>(_ name: String, _ reading: Reading<Command, Found>) {
        self.name = name
        sql = { commands in
            reading.statement(
                commands.map { place, command in
                    guard let command = command as? Command else { preconditionFailure("\(name) was read as another") }
                    return .init(number: Int64(place), command: command)
                })
        }
    }
}
