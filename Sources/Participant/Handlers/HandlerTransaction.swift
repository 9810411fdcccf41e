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

    init(_ transaction: Transaction, _ envelope: Envelope) {
        self.transaction = transaction
        self.envelope = envelope
    }

    public func publish(_ event: some MessagePayload) throws(JSONError) {
        try published.append(event)
    }

    @discardableResult
    public func query(_ sql: SQL, timeout: Duration?) async throws(PostgresError) -> Rows {
        try await transaction.query(sql, timeout: timeout)
    }

    public func results(of statements: [SQL]) async -> [Result<Rows, PostgresError>] {
        await transaction.results(of: statements)
    }

    public func enqueue(_ sql: SQL) throws(PostgresError) {
        try transaction.enqueue(sql)
    }

    var events: [PublishedEvent] { published.all }
}
