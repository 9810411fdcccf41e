public import Messaging
import Postgres

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
        let id = PostgresUUID(action.action)
        try await transaction.execute(
            """
            INSERT INTO skald.operator_action (id, name, target, who, reason, result, ended_at)
            VALUES (
                \(id), \(action.name), \(action.target), \(action.who), \(action.reason), \(action.result),
                CASE WHEN \(action.result)::text IS NULL THEN NULL ELSE now() END)
            ON CONFLICT (id) DO UPDATE SET result = excluded.result, ended_at = excluded.ended_at
            WHERE excluded.result IS NOT NULL
            """)
        return .success(OperatorActionRecorded())
    }
}

/// Nobody waits for it; a handler answers all the same.
struct OperatorActionRecorded: MessagePayload {
    static let messageType: MessageType = "orchestrator.OperatorActionRecorded"
}
