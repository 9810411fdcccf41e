package import Postgres
import Telemetry

extension Participant {
    /// Runs a transaction that no message caused, and publishes its events once it is committed.
    ///
    /// The events stand in the outbox beside the rows: a process that is killed after the commit loses none of them. The body
    /// may run more than once, when the database asks for a repetition.
    ///
    /// - Parameters:
    ///   - correlationID: what the events belong to, if anything.
    ///   - traceparent: the trace they go on with.
    /// - Throws: `ParticipantNotRunning` while `run` does not work; what the body throws; the database's errors.
    public func withTransaction<Value: Sendable>(
        correlationID: String? = nil, traceparent: String? = nil,
        _ body: (OwnTransaction) async throws -> Value
    ) async throws -> Value {
        try await transact { transaction in
            let own = OwnTransaction(transaction)
            let value = try await body(own)
            let messages = own.events.map {
                factory.event($0.type, body: $0.body, correlationID: correlationID, traceparent: traceparent)
            }
            return (value, messages)
        }
    }

    /// Runs a transaction that sends messages of any kind: an orchestrator's timers, say.
    ///
    /// - Parameter body: returns its result and what is to be sent once it is committed.
    package func transact<Value: Sendable>(
        _ body: (Transaction) async throws -> (Value, [OutgoingMessage])
    ) async throws -> Value {
        guard let sender = sender.withLock({ $0 }) else { throw ParticipantNotRunning() }
        let store = RunStore(epoch: database.epoch)
        var sent: [OutgoingMessage] = []
        do {
            let value = try await database.pool.withTransaction { transaction in
                let (value, messages) = try await body(transaction)
                sent = messages
                try store.enqueueOutbox(messages, in: transaction)
                return value
            }
            sender.send(sent)
            return value
        } catch let error as PostgresError where error.code == .unknownOutcome {
            // If it was committed the rows are there, and the sweep finds them.
            sender.dispatch.ledger.doubt(sent.map(\.id))
            throw error
        }
    }
}

/// The participant is not running: it waits for what it stands on, or has ended.
public struct ParticipantNotRunning: Error, Sendable, CustomStringConvertible {
    public var description: String { "the participant is not running; its health says what it waits for" }
}

/// Publishes what transactions of our own wrote to the outbox.
struct OutboxSender: Sendable {
    let dispatch: Dispatch
    let background: BackgroundTasks

    init(dispatch: Dispatch, on executor: any TaskExecutor) {
        self.dispatch = dispatch
        background = BackgroundTasks(on: executor)
    }

    func send(_ messages: [OutgoingMessage]) {
        if messages.isEmpty { return }
        background.start { [dispatch] in await dispatch.publishRows(messages) }
    }
}
