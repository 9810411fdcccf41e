public import Messaging
public import Postgres

/// A transaction that no message caused, such as that of an HTTP request or a timer of the service itself.
///
/// `Participant.withTransaction` hands it out.
public struct OwnTransaction: EventTransaction {
    let transaction: Transaction
    private let published = EventList()

    init(_ transaction: Transaction) { self.transaction = transaction }

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
