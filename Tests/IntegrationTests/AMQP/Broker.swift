import AMQP
import LocalServers
import Telemetry
import Testing

/// The shared broker as one test sees it: a virtual host of its own.
struct Broker {
    let server: RabbitServer
    let virtualHost: String

    /// Runs a test against a fresh virtual host on the run's one broker.
    static func withVirtualHost<Result>(_ body: (Broker) async throws -> Result) async throws -> Result {
        let server = try await SharedServers.rabbit()
        return try await server.withVirtualHost { name in
            try await body(Broker(server: server, virtualHost: name))
        }
    }

    /// How to connect, on the broker's port or through a proxy's.
    func configuration(port: UInt16? = nil) -> ConnectionConfiguration {
        var configuration = ConnectionConfiguration(
            hosts: [.init(server.host, port: port ?? server.port)], virtualHost: virtualHost,
            credentials: .password(user: server.user, password: server.password), name: "test")
        configuration.openTimeout = .seconds(20)
        return configuration
    }

    func connect(
        port: UInt16? = nil, _ change: (inout ConnectionConfiguration) -> Void = { _ in }
    ) async throws -> Connection {
        var configuration = configuration(port: port)
        change(&configuration)
        return try await Connection.connect(configuration)
    }
}

/// Listens to a connection from its creation and waits for events by shape, never by time.
final class EventListener: Sendable {
    private let log = Lock<[ConnectionEvent]>([])
    private let stream: AsyncStream<ConnectionEvent>

    init(_ connection: Connection) {
        stream = connection.events
    }

    /// The first event the closure takes; every event is offered once.
    ///
    /// - Throws: `TimedOut` after the limit, naming what was seen.
    func first<Value: Sendable>(
        within limit: Duration = .seconds(30), _ match: @Sendable @escaping (ConnectionEvent) -> Value?
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value.self) { group in
            group.addTask { [stream, log] in
                for await event in stream {
                    log.withLock { $0.append(event) }
                    if let value = match(event) { return value }
                }
                throw TimedOut(seen: log.withLock { $0.map(String.init(describing:)) })
            }
            group.addTask { [log] in
                // Allowed (test-sleep): the deadline of the wait above.
                try await Task.sleep(for: limit)
                throw TimedOut(seen: log.withLock { $0.map(String.init(describing:)) })
            }
            defer { group.cancelAll() }
            return try await group.next()!
        }
    }

    struct TimedOut: Error, CustomStringConvertible {
        let seen: [String]
        var description: String { "the event did not come; seen: \(seen)" }
    }
}

/// Polls a condition that has no signal of its own, such as the broker's own counts.
func eventually(
    within limit: Duration = .seconds(30), _ condition: () async throws -> Bool,
    sourceLocation: SourceLocation = #_sourceLocation
) async throws {
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
        if try await condition() { return }
        // Allowed (test-sleep): a pause between two looks, with a deadline around it.
        try await Task.sleep(for: .milliseconds(20))
    }
    Issue.record("the condition did not become true within \(limit)", sourceLocation: sourceLocation)
}
