import Messaging
public import Postgres

/// What is paused, kept in the database so that it outlives a restart.
public struct PauseStore: Sendable {
    /// One pause.
    public struct Pause: Sendable, Hashable {
        /// A type of message, or `*` for everything.
        public let scope: String
        public let reason: String
        public let who: String
        /// Milliseconds since 1970.
        public let since: Int64
    }

    /// The scope of everything.
    public static let everything = "*"

    private let database: PostgresPool

    public init(_ database: PostgresPool) { self.database = database }

    /// Holds messages back until `resume`; a scope paused already keeps its first reason. It stands in the record of what
    /// operators did.
    ///
    /// - Parameter scope: a type of message, or `*`.
    /// - Returns: whether it was not paused before.
    @discardableResult
    public func pause(_ scope: String, reason: String, who: String) async throws(PostgresError) -> Bool {
        try await database.execute(
            """
            WITH paused AS (\(sql: Self.insertion(scope, reason: reason, who: who)) RETURNING scope)
            INSERT INTO skald.operator_action (id, name, target, who, reason, result, ended_at)
            SELECT gen_random_uuid(), 'participant pause', scope, \(who), \(reason), 'done', now() FROM paused
            """) == 1
    }

    /// Lets messages through again.
    ///
    /// - Returns: whether the scope was paused.
    @discardableResult
    public func resume(_ scope: String, reason: String, who: String) async throws(PostgresError) -> Bool {
        try await database.execute(
            """
            WITH resumed AS (\(sql: Self.deletion(scope)) RETURNING scope)
            INSERT INTO skald.operator_action (id, name, target, who, reason, result, ended_at)
            SELECT gen_random_uuid(), 'participant resume', scope, \(who), \(reason), 'done', now() FROM resumed
            """) == 1
    }

    private static func insertion(_ scope: String, reason: String, who: String) -> SQL {
        """
        INSERT INTO skald.pause (scope, reason, who) VALUES (\(scope), \(reason), \(who)) ON CONFLICT DO NOTHING
        """
    }

    private static func deletion(_ scope: String) -> SQL { "DELETE FROM skald.pause WHERE scope = \(scope)" }

    /// Does what an operator ordered by way of the orchestrator, and writes it down under the order's id.
    package static func take(
        _ order: SetPause, of service: String, in database: some PostgresQueryable
    ) async throws(PostgresError) {
        let change =
            order.isPaused
            ? insertion(order.scope, reason: order.reason, who: order.who) : deletion(order.scope)
        let hasChanged = try await database.execute(change) == 1
        let remark = order.isPaused ? "it was paused already" : "it was not paused"
        try await RecordOperatorAction(
            action: order.action, name: "participant \(order.isPaused ? "pause" : "resume")",
            target: order.scope == everything ? service : order.scope, who: order.who, reason: order.reason,
            result: hasChanged ? "done" : "done: \(remark)"
        ).write(in: database)
    }

    public func all() async throws(PostgresError) -> [Pause] {
        var pauses: [Pause] = []
        let rows = try await database.query(
            "SELECT scope, reason, who, (extract(epoch FROM since) * 1000)::bigint FROM skald.pause ORDER BY scope")
        for row in rows {
            let (scope, reason, who, since) = try row.decode(String.self, String.self, String.self, Int64.self)
            pauses.append(Pause(scope: scope, reason: reason, who: who, since: since))
        }
        return pauses
    }
}
