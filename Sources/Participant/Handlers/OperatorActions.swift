public import Messaging
package import Postgres

/// What an operator did with the tool, and who.
public struct RecordOperatorAction: MessagePayload {
    public static let messageType: MessageType = "orchestrator.RecordOperatorAction"

    /// One id for the beginning and the end of an action.
    public var action: UUIDv7
    /// Such as `dlq redrive`.
    public var name: String
    /// What it was done to, such as a queue and a filter.
    public var target: String
    public var who: String
    public var reason: String
    /// What came of it; nil while it goes on.
    public var result: String?

    public init(action: UUIDv7, name: String, target: String, who: String, reason: String, result: String? = nil) {
        self.action = action
        self.name = name
        self.target = target
        self.who = who
        self.reason = reason
        self.result = result
    }
}

extension RecordOperatorAction {
    /// Writes it down; what came of an action ends what was written down at its beginning.
    package func write(in database: some PostgresQueryable) async throws(PostgresError) {
        let id = PostgresUUID(action)
        try await database.execute(
            """
            INSERT INTO skald.operator_action (id, name, target, who, reason, result, ended_at)
            VALUES (
                \(id), \(name), \(target), \(who), \(reason), \(result),
                CASE WHEN \(result)::text IS NULL THEN NULL ELSE now() END)
            ON CONFLICT (id) DO UPDATE SET result = excluded.result, ended_at = excluded.ended_at
            WHERE excluded.result IS NOT NULL
            """)
    }

    /// What came of an action; nil while nothing has.
    package static func result(
        of action: UUIDv7, in database: some PostgresQueryable
    ) async throws(PostgresError) -> String? {
        let rows = try await database.query(
            "SELECT result FROM skald.operator_action WHERE id = \(PostgresUUID(action)) AND result IS NOT NULL")
        return try rows.first?.decode(String.self, at: 0)
    }
}

extension Handlers {
    /// Keeps the record of what operators do, in `skald.operator_action`.
    ///
    /// The tool sends it as a command of its own user, so the participant's `commandSenders` have to hold that user.
    ///
    /// - Parameter service: who keeps the record.
    public mutating func recordOperatorActions(of service: String = TopologyNames.orchestrator) {
        guard let type = MessageType("\(service).\(RecordOperatorAction.messageType.name)") else {
            preconditionFailure("\(service) is no name of a service")
        }
        let key: @Sendable (RecordOperatorAction) -> String = { $0.action.description }
        addCommand(type, pairing: .none, key: key, Self.record)
    }

    @Sendable private static func record(
        _ action: RecordOperatorAction, in transaction: HandlerTransaction
    ) async throws -> Reply {
        try await action.write(in: transaction)
        return .success(OperatorActionRecorded())
    }
}

/// What the orchestrator tells a service, because an operator wants it: to hold messages back, or to let them through.
package struct SetPause: MessagePayload {
    /// The owner is the service that is told, see ``type(for:)``.
    package static let messageType: MessageType = "participant.SetPause"

    package static func type(for service: String) -> MessageType {
        guard let type = MessageType("\(service).\(messageType.name)") else {
            preconditionFailure("\(service) is no name of a service")
        }
        return type
    }

    /// The operator's order, under which it is written down.
    package var action: UUIDv7
    /// A type of message, or ``PauseStore/everything``.
    package var scope: String
    package var isPaused: Bool
    package var who: String
    package var reason: String

    package init(action: UUIDv7, scope: String, isPaused: Bool, who: String, reason: String) {
        self.action = action
        self.scope = scope
        self.isPaused = isPaused
        self.who = who
        self.reason = reason
    }
}

extension Handlers {
    /// Takes what operators want of the service itself.
    mutating func takePauses(of service: String) {
        let key: @Sendable (SetPause) -> String = { $0.scope }
        addCommand(SetPause.type(for: service), pairing: .none, key: key) { order, transaction in
            try await PauseStore.take(order, of: service, in: transaction)
            return .success(OperatorActionRecorded())
        }
    }
}

/// Nobody waits for it; a handler answers all the same.
struct OperatorActionRecorded: MessagePayload {
    static let messageType: MessageType = "orchestrator.OperatorActionRecorded"
}
