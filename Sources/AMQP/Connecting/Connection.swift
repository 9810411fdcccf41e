public import Reactor
import Telemetry

/// A connection to RabbitMQ that comes back by itself.
///
/// Each connection has one socket, and a thread of its own unless it is told to share one. What you declare, the publishers and the consumers you make on it are
/// restored after every reconnect. Publish and consume on separate connections: a resource alarm stops reading from those
/// that publish, and acks would wait behind it (RabbitMQ, "Memory and Disk Alarms").
///
/// Close it with `close`; letting go of the last reference ends the socket without a goodbye.
public final class Connection: Sendable {
    let core: ConnectionCore
    let members = MemberList()

    private init(_ core: ConnectionCore) {
        self.core = core
    }

    deinit {
        core.abandon()
    }

    /// Connects and logs in, over all hosts and as often as it takes.
    ///
    /// - Parameter executor: the loop that moves the bytes, where others have one already; nil makes one. A process that
    ///   moves messages between the broker and a database does so on one thread, without a hand-off:
    ///
    ///   ```swift
    ///   let pool = PostgresPool(database)
    ///   let connection = try await Connection.connect(broker, executor: pool.executor)
    ///   ```
    /// - Throws: `authenticationFailed`, `accessRefused`, `virtualHostNotFound` or `tlsFailed` after a few attempts; after
    ///   the open timeout the error of the last attempt; `cancelled`.
    public static func connect(
        _ configuration: ConnectionConfiguration = .init(), executor: EventLoop? = nil
    ) async throws(AMQPError) -> Connection {
        try configuration.validate()
        let core = try ConnectionCore(configuration, executor: executor)
        let lastFailure = LastFailure()
        let events = core.events.stream()
        let listening = Task {
            for await event in events {
                if case .connectFailed(_, let error, _) = event { lastFailure.note(error) }
            }
        }
        defer { listening.cancel() }
        core.start()
        do {
            _ = try await core.link(
                within: configuration.openTimeout, orTimeOut: "no broker took the connection in time")
            return Connection(core)
        } catch {
            // First, as giving up is what the attempt under way fails with.
            let explained = lastFailure.explain(error)
            core.abandon()
            throw explained
        }
    }

    /// What happens from now on. A listener that falls a thousand events behind loses the oldest.
    public var events: AsyncStream<ConnectionEvent> { core.events.stream() }

    /// The thread that moves this connection's bytes. Tasks that prefer it are resumed without a hand-off between threads:
    ///
    /// ```swift
    /// await withTaskExecutorPreference(connection.executor) {
    ///     for await delivery in consumer { … }
    /// }
    /// ```
    ///
    /// They must not block: nothing is read or written meanwhile, heartbeats included.
    public var executor: EventLoop { core.loop }

    /// What has been counted so far.
    public var metrics: ConnectionMetrics { core.metrics }

    /// What the broker says of itself: product, version, capabilities; waits for a connection, `openTimeout` at most.
    public func serverProperties() async throws(AMQPError) -> FieldTable {
        try await core.linkInTime().agreement.serverProperties
    }

    /// Makes a publisher with a channel of its own in confirm mode, restored after every reconnect.
    ///
    /// - Throws: why the channel cannot be opened.
    public func makePublisher(_ options: PublisherOptions = .init()) async throws(AMQPError) -> Publisher {
        let publisher = Publisher(core, options)
        try await publisher.start()
        members.add(publisher)
        return publisher
    }

    /// Subscribes to a queue and waits for the broker's `consume-ok`. Later the subscription is restored for ever.
    ///
    /// - Throws: `notFound`, `accessRefused` or `resourceLocked` where the broker refuses the first subscription.
    public func consume(_ queue: String, _ options: ConsumerOptions = .init()) async throws(AMQPError) -> Consumer {
        let consumer = Consumer(core, queue: queue, options)
        try await consumer.start()
        members.add(consumer.shell)
        return consumer
    }
}

/// Keeps the error of the last attempt, to say more than "timed out".
private final class LastFailure: Sendable {
    private let last = Lock<AMQPError?>(nil)

    func note(_ error: AMQPError) {
        last.withLock { $0 = error }
    }

    func explain(_ error: AMQPError) -> AMQPError {
        guard error.code == .timedOut, let last = last.withLock({ $0 }) else { return error }
        return AMQPError(last.code, last.message, replyCode: last.replyCode, cause: error)
    }
}
