public import Messaging
public import Postgres

/// What a handler works in: the transaction of its batch, and the message it handles.
///
/// Everything a handler does goes through it, so that all of it is there or none: the rows it writes, and the events it
/// publishes. Other I/O does not belong into a handler.
public struct HandlerTransaction: EventTransaction {
    /// The outside of the message: saga, step, sender, trace.
    public let envelope: Envelope
    let transaction: Transaction
    private let published = EventList()
    private let turns: RunTurns
    private let writes: RunWrites

    init(_ transaction: Transaction, _ envelope: Envelope, _ turns: RunTurns, _ writes: RunWrites) {
        self.transaction = transaction
        self.envelope = envelope
        self.turns = turns
        self.writes = writes
    }

    /// Waits until no other handler of the batch works on what this names, and keeps it until this handler has ended.
    ///
    /// Messages of different keys are handled at once and in one transaction, so that a row locked by one handler is open to
    /// the others. Where two of them may read the same row and write what follows from it, each takes its turn first:
    ///
    /// ```swift
    /// let isFirst = try await transaction.turn(at: command.consumerId)
    /// let card = isFirst ? found : try await cards.read(for: command, in: transaction)
    /// ```
    ///
    /// Turns are given in the order in which the messages came, to handlers that take them before they wait for anything else.
    /// Other processes are kept out by a row lock, as always. A handler that takes several takes them in an order that all
    /// handlers keep; those that wait for each other in a circle run into the deadline of their batch.
    ///
    /// - Returns: whether this is the first turn at it; if not, what was read before may be old.
    /// - Throws: `CancellationError`, once the batch has failed.
    @discardableResult
    public func turn(at name: String) async throws -> Bool {
        try await turns.take(name, for: envelope.id)
    }

    public func publish(_ event: some MessagePayload) throws(JSONError) {
        try published.append(event)
    }

    @discardableResult
    public func query(_ sql: SQL, timeout: Duration?) async throws(PostgresError) -> Rows {
        try writes.flush(into: transaction)
        return try await transaction.query(sql, timeout: timeout)
    }

    public func results(of statements: [SQL]) async -> [Result<Rows, PostgresError>] {
        do throws(PostgresError) {
            try writes.flush(into: transaction)
        } catch {
            return statements.map { _ in .failure(error) }
        }
        return await transaction.results(of: statements)
    }

    public func enqueue(_ sql: SQL) throws(PostgresError) {
        try writes.flush(into: transaction)
        try transaction.enqueue(sql)
    }

    public func enqueue(_ write: some JoinedWrite) throws(PostgresError) {
        try writes.add(write, by: envelope.id, in: transaction)
    }

    var events: [PublishedEvent] { published.all }
}
