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
    }

    /// The scope of everything.
    public static let everything = "*"

    private let database: PostgresPool

    public init(_ database: PostgresPool) { self.database = database }

    /// Holds messages back until `resume`; a scope paused already keeps its first reason.
    ///
    /// - Parameter scope: a type of message, or `*`.
    public func pause(_ scope: String, reason: String, who: String) async throws(PostgresError) {
        try await database.execute(
            """
            INSERT INTO skald.pause (scope, reason, who) VALUES (\(scope), \(reason), \(who)) ON CONFLICT DO NOTHING
            """)
    }

    /// Lets messages through again.
    ///
    /// - Returns: whether the scope was paused.
    @discardableResult
    public func resume(_ scope: String) async throws(PostgresError) -> Bool {
        try await database.execute("DELETE FROM skald.pause WHERE scope = \(scope)") == 1
    }

    public func all() async throws(PostgresError) -> [Pause] {
        var pauses: [Pause] = []
        for row in try await database.query("SELECT scope, reason, who FROM skald.pause ORDER BY scope") {
            let (scope, reason, who) = try row.decode(String.self, String.self, String.self)
            pauses.append(Pause(scope: scope, reason: reason, who: who))
        }
        return pauses
    }
}
