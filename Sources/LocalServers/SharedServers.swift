/// The servers all tests of one process share, each started by whoever asks first.
///
/// A start takes seconds, so a run has one broker and isolates tests by virtual host (`withVirtualHost`) and
/// database (`withDatabase`). They
/// end with the process. A test that stops, kills or starves a server starts one of its own instead.
package actor SharedServers {
    private static let shared = SharedServers()

    private var rabbitStart: Task<RabbitServer, any Error>?
    private var postgresStart: Task<PostgresCluster, any Error>?

    /// The shared broker, ready to use. A failed start fails every caller with the same error.
    package static func rabbit() async throws -> RabbitServer {
        try await shared.rabbit().value
    }

    /// The shared cluster, ready to use. A failed start fails every caller with the same error.
    package static func postgres() async throws -> PostgresCluster {
        try await shared.postgres().value
    }

    private func rabbit() -> Task<RabbitServer, any Error> {
        if let rabbitStart { return rabbitStart }
        let start = Task { try await RabbitServer.started() }
        rabbitStart = start
        return start
    }

    private func postgres() -> Task<PostgresCluster, any Error> {
        if let postgresStart { return postgresStart }
        let start = Task { try await PostgresCluster.started() }
        postgresStart = start
        return start
    }
}
