import AMQP
import LocalServers
import Testing

/// What stops, kills, starves or reconfigures a broker, or needs TLS: these tests share one broker of their own and run one
/// after the other.
@Suite(.serialized) enum OwnBrokerTests {}

/// The broker that may be mistreated, started by the first test that asks.
actor OwnBroker {
    private static let shared = OwnBroker()
    private var start: Task<RabbitServer, any Error>?

    /// Runs a test against a fresh virtual host on it.
    static func withVirtualHost<Result>(_ body: (Broker) async throws -> Result) async throws -> Result {
        let server = try await shared.server().value
        return try await server.withVirtualHost { name in
            try await body(Broker(server: server, virtualHost: name))
        }
    }

    private func server() -> Task<RabbitServer, any Error> {
        if let start { return start }
        let task = Task {
            var options = RabbitOptions()
            options.tls = .init()
            options.tls?.requiresClientCertificate = true
            return try await RabbitServer.started(options)
        }
        start = task
        return task
    }
}
