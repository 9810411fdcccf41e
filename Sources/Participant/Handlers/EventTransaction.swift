public import Messaging
public import Postgres
import Telemetry

/// A transaction whose events are published once it is committed.
///
/// Handlers work in one (`HandlerTransaction`), and so does what no message caused (`OwnTransaction`). A store that takes
/// `some EventTransaction` serves both.
public protocol EventTransaction: PostgresQueryable {
    /// Publishes a domain event once the transaction is committed, to whoever has subscribed.
    func publish(_ event: some MessagePayload) throws(JSONError)

    /// Adds a statement whose result nobody needs: it travels with the next one or with the commit.
    func enqueue(_ sql: SQL) throws(PostgresError)

    /// Adds something to write, which travels with the next statement or with the commit, joined with what other handlers of
    /// the batch write of this kind.
    func enqueue(_ write: some JoinedWrite) throws(PostgresError)
}

extension EventTransaction {
    public func enqueue(_ write: some JoinedWrite) throws(PostgresError) {
        try enqueue(type(of: write).statement([write]))
    }
}

/// An event a transaction published, before it has an id.
struct PublishedEvent: Sendable {
    let type: MessageType
    let body: [UInt8]
}

/// The events of one transaction; whoever works in it may share it with child tasks.
final class EventList: Sendable {
    private let events = Lock<[PublishedEvent]>([])

    var all: [PublishedEvent] { events.withLock { $0 } }

    func append(_ event: some MessagePayload) throws(JSONError) {
        let body = try JSON.encode(event)
        events.withLock { $0.append(PublishedEvent(type: type(of: event).messageType, body: body)) }
    }
}
