import Telemetry

/// How a publisher behaves.
public struct PublisherOptions: Sendable {
    /// The most publishes on the wire without a confirm.
    public var windowCountMax = 512
    /// The most body bytes on the wire without a confirm. Keeps a blocked broker from filling the socket's buffers.
    public var windowByteCountMax = 4 * 1024 * 1024
    /// After this time a publish that is neither confirmed nor refused is given up.
    public var timeout: Duration = .seconds(30)

    public init() {}
}

/// One message and where it goes.
public struct Publication: Sendable {
    public var message: Message
    public var exchange: String
    public var routingKey: String
    /// Whether the broker returns the message when no queue takes it.
    public var isMandatory: Bool

    /// A mandatory publication; the empty exchange routes to the queue named by the routing key.
    public init(_ message: Message, to exchange: String = "", routingKey: String, isMandatory: Bool = true) {
        self.message = message
        self.exchange = exchange
        self.routingKey = routingKey
        self.isMandatory = isMandatory
    }
}

/// Publishes on a channel of its own and awaits the broker's confirm for every message.
///
/// Any number of tasks share it: their messages travel together, in the order of the calls, and at most a window of them
/// is unconfirmed. While the window is full, the broker blocks publishing, or there is no connection, calls wait.
public final class Publisher: Sendable {
    private let core: ConnectionCore
    private let machine: PublisherShell

    init(_ core: ConnectionCore, _ options: PublisherOptions) {
        self.core = core
        machine = PublisherShell(core, options)
    }

    deinit {
        machine.abandon()
    }

    func start() async throws(AMQPError) {
        try await machine.start()
    }

    /// Publishes one message and returns once the broker has taken responsibility for it.
    ///
    /// A message without an id is given one, for a returned message is told apart by it.
    ///
    /// - Throws: `returned` where no queue takes a mandatory message; `nacked`; `unknownOutcome` where the connection ended
    ///   or no confirm came in time: the message may have arrived; `timedOut` or `cancelled` where it was not sent;
    ///   `messageTooLarge` or `invalidArgument` where it cannot be.
    public func publish(
        _ message: Message, to exchange: String = "", routingKey: String, isMandatory: Bool = true
    ) async throws(AMQPError) {
        let outcome = await outcome(
            of: Publication(message, to: exchange, routingKey: routingKey, isMandatory: isMandatory))
        if let error = outcome.error { throw error }
    }

    /// Publishes one message and says how it ended, without throwing.
    public func outcome(of publication: Publication) async -> PublishOutcome {
        await machine.publish(publication)
    }

    /// Publishes many messages in order and waits for all of them; one hand-off for the whole batch.
    ///
    /// - Returns: how each ended, in the order given.
    public func publish(contentsOf publications: [Publication]) async -> [PublishOutcome] {
        await machine.publish(publications)
    }

    /// How many publishes are on the wire without a confirm.
    public var unconfirmedCount: Int { machine.unconfirmedCount }

    /// Waits for the confirms of what was published, at most this long, then closes the channel. Whatever is left is told
    /// `closed`. A broker that no longer answers is waited for at most 5 s more.
    public func close(within limit: Duration = .seconds(10)) async {
        _ = await drain(within: limit)
    }

    /// Returns how many publishes ended without a confirm.
    func drain(within limit: Duration) async -> Int {
        await machine.close(within: limit)
    }
}
