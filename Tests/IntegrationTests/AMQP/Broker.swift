import AMQP
import Foundation
import LocalServers
import Reactor
import Telemetry
import Testing

/// The shared broker as one test sees it: a virtual host of its own.
struct Broker {
    let server: RabbitServer
    let virtualHost: String

    /// Runs a test against a fresh virtual host on the run's one broker.
    static func withVirtualHost<Result>(_ body: (Broker) async throws -> Result) async throws -> Result {
        let server = try await SharedServers.rabbit()
        return try await Turns.atBroker.take {
            try await server.withVirtualHost { name in
                try await body(Broker(server: server, virtualHost: name))
            }
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

    /// Logs in, over all attempts it takes.
    func connect(
        port: UInt16? = nil, executor: EventLoop? = nil, _ change: (inout ConnectionConfiguration) -> Void = { _ in }
    ) async throws -> Connection {
        var configuration = configuration(port: port)
        change(&configuration)
        return try await Connection.connect(configuration, executor: executor)
    }
}

extension Broker {
    /// A proxy in front of the broker's port, and a connection through it.
    func withProxy<Result>(
        _ change: (inout ConnectionConfiguration) -> Void = { _ in },
        _ body: (FaultProxy, Connection) async throws -> Result
    ) async throws -> Result {
        let proxy = try FaultProxy(to: server.port)
        let connection = try await connect(port: proxy.port, change)
        let result = try await body(proxy, connection)
        await proxy.set(.pass)
        await connection.close(gracePeriod: .seconds(5))
        await proxy.close()
        return result
    }

    /// Closes every connection into the virtual host as `rabbitmqctl close_all_connections` does.
    func closeConnections(because reason: String) async throws {
        try await server.evaluate(
            """
            [rabbit_networking:close_connection(Pid, \(server.erlang(binary: reason))) ||
                [{pid, Pid}, {vhost, Host}] <- rabbit_networking:connection_info_all([pid, vhost]),
                Host =:= \(server.erlang(binary: virtualHost))]
            """)
    }

    /// Waits until the broker has noticed the end of a connection and deleted what was its own: what it deletes later it would
    /// take from the next one.
    func waitUntilGone(queues: [String]) async throws {
        let direct = try await connect()
        for queue in queues {
            try await eventually {
                do {
                    _ = try await direct.status(ofQueue: queue)
                    return false
                } catch {
                    return (error as? AMQPError)?.code == .notFound
                }
            }
        }
        await direct.close()
    }

    /// Has the processes of classic queues stand still, so that the broker answers nothing about them, or go on.
    func setSuspended(_ isSuspended: Bool, queues: [String]) async throws {
        let host = server.erlang(binary: virtualHost)
        for queue in queues {
            try await server.evaluate(
                """
                {ok, Queue} = rabbit_amqqueue:lookup(rabbit_misc:r(\(host), queue, \(server.erlang(binary: queue)))),
                ok = sys:\(isSuspended ? "suspend" : "resume")(amqqueue:get_pid(Queue))
                """)
        }
    }

    /// A queue's arguments as the broker keeps them, as `name=value` in alphabetical order.
    func arguments(ofQueue name: String) async throws -> [String] {
        let text = try await server.evaluate(
            """
            case rabbit_amqqueue:lookup(rabbit_misc:r(\(server.erlang(binary: virtualHost)), queue,
                \(server.erlang(binary: name)))) of
                {ok, Queue} -> [binary_to_list(iolist_to_binary(case Value of
                    Text when is_binary(Text) -> [Name, "=", Text];
                    _ -> io_lib:format("~s=~w", [Name, Value]) end)) || {Name, _, Value} <- amqqueue:get_arguments(Queue)];
                _ -> []
            end
            """)
        return try JSONDecoder().decode([String].self, from: Data(text.utf8)).sorted()
    }

    /// Whether a queue is durable, exclusive and auto-delete, as an Erlang tuple.
    func describe(queue name: String) async throws -> String {
        let tuple = try await server.evaluate(
            """
            {ok, Queue} = rabbit_amqqueue:lookup(rabbit_misc:r(\(server.erlang(binary: virtualHost)), queue,
                \(server.erlang(binary: name)))),
            {amqqueue:is_durable(Queue), amqqueue:get_exclusive_owner(Queue) =/= none, amqqueue:is_auto_delete(Queue)}
            """)
        return tuple.filter { !$0.isWhitespace }
    }

    /// A user with these rights and no others, removed again afterwards.
    func withUser<Result>(
        configure: String = ".*", write: String = ".*", read: String = ".*",
        _ body: (_ name: String, _ password: String) async throws -> Result
    ) async throws -> Result {
        let name = "user-of-\(virtualHost)"
        let password = "secret of \(virtualHost)"
        try await server.addUser(name, password: password)
        try await server.setPermissions(name, in: virtualHost, configure: configure, write: write, read: read)
        let result = try await body(name, password)
        try? await server.deleteUser(name)
        return result
    }
}

extension Connection {
    /// The ids of everything in a queue, in order.
    ///
    /// A last message is sent behind them, so the end is seen and not guessed.
    func takeMessageIDs(from queue: String) async throws -> [String] {
        let last = "last of \(queue)"
        let publisher = try await makePublisher()
        try await publisher.publish(Message(properties: Properties(messageID: last)), routingKey: queue)
        let consumer = try await consume(queue)
        var ids: [String] = []
        for await delivery in consumer {
            delivery.ack()
            let id = delivery.messageID ?? ""
            if id == last { break }
            ids.append(id)
        }
        await consumer.cancel()
        await publisher.close()
        return ids
    }
}

extension Message {
    /// A message that is told apart by its id.
    static func named(_ id: String, text: String = "body") -> Message {
        Message(text: text, properties: Properties(messageID: id))
    }
}

extension Publication {
    /// Messages `prefix-0`, `prefix-1` and so on to one queue.
    static func series(_ prefix: String, count: Int, to queue: String) -> [Publication] {
        (0..<count).map { Publication(.named("\(prefix)-\($0)"), routingKey: queue) }
    }
}

extension FieldTable {
    /// As `Broker.arguments(ofQueue:)` gives them.
    var described: [String] {
        map { entry in
            let value = entry.value
            let isTrue = value == .bool(true)
            return "\(entry.name)=\(value.stringValue ?? value.integerValue.map(String.init) ?? "\(isTrue)")"
        }.sorted()
    }
}

extension Delivery {
    var id: String { properties.messageID ?? "" }
}

/// Listens to a connection from its creation and waits for events by shape, never by time.
final class EventListener: Sendable {
    private let log = Lock<[ConnectionEvent]>([])
    private let stream: AsyncStream<ConnectionEvent>

    init(_ connection: Connection) {
        stream = connection.events
    }

    /// What has gone by.
    var seen: [ConnectionEvent] { log.withLock { $0 } }

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

    func recovered(within limit: Duration = .seconds(60)) async throws {
        _ = try await first(within: limit) { if case .recovered = $0 { true } else { nil } }
    }

    func disconnected() async throws -> AMQPError {
        try await first { if case .disconnected(let error) = $0 { error } else { nil } }
    }

    func consumerUp() async throws {
        _ = try await first(within: .seconds(60)) { if case .consumerUp = $0 { true } else { nil } }
    }

    /// How many of the events gone by are refused publishes.
    var refusalCount: Int { seen.count { if case .publishRefused = $0 { true } else { false } } }

    /// How many of them are closed channels.
    var channelEndCount: Int { seen.count { if case .channelClosed = $0 { true } else { false } } }

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

/// Expects an `AMQPError` with this code, and gives it for a closer look.
@discardableResult
func expectFailure<Result>(
    _ code: AMQPError.Code, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Result
) async throws -> AMQPError {
    let error = await #expect(throws: AMQPError.self, sourceLocation: sourceLocation) { _ = try await body() }
    let found = try #require(error, sourceLocation: sourceLocation)
    #expect(found.code == code, "\(found)", sourceLocation: sourceLocation)
    return found
}

extension [PublishOutcome] {
    /// What each failed with; nil for a confirmed one.
    var codes: [AMQPError.Code?] { map { $0.error?.code } }
}

extension DrainReport {
    /// Given back, unsettled, unconfirmed.
    var counts: [Int] { [givenBack, unsettled, unconfirmed] }
}
