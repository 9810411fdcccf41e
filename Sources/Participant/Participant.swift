import AMQP
import Messaging
public import Postgres
import Reactor
import Telemetry

/// A service's runtime: takes messages, runs handlers once in effect, answers, publishes.
///
/// ```swift
/// let participant = try Participant(configuration, handlers: handlers)
/// try await participant.run()
/// ```
///
/// `run` connects, waits until schema and topology are there, and works until its task is cancelled. Then it finishes what it
/// has begun, and leaves nothing that another process would not find.
public final class Participant: Sendable {
    public let configuration: ParticipantConfiguration
    /// What is paused; kept in the database.
    public let pauses: PauseStore

    let database: DatabaseGround
    let gate = Gate()
    let pausedTypes = PausedTypes()
    let telemetry: ParticipantTelemetry
    let broker: BrokerWatch
    let startup = StartupState()
    let inHand = WorkInHand()
    let factory: MessageFactory
    /// Sends what transactions of our own have to say; nil while the participant does not work.
    let sender = Lock<OutboxSender?>(nil)
    /// The connection that is consumed on; nil while the participant does not work.
    private let consuming = Lock<Connection?>(nil)
    private let queues: [ParticipantQueue]
    private let now: @Sendable () -> Int64

    /// The connections to the service's database, for what it does besides handling messages.
    public var pool: PostgresPool { database.pool }

    /// A participant of plain handlers.
    ///
    /// - Throws: `ParticipantConfigurationError` if the configuration cannot work.
    public convenience init(_ configuration: ParticipantConfiguration, handlers: Handlers) throws {
        try self.init(configuration, handlers: handlers, telemetry: .standard(service: configuration.service))
    }

    /// - Parameters:
    ///   - others: queues with their own ways of handling.
    ///   - now: the wall clock, in milliseconds since 1970.
    package convenience init(
        _ configuration: ParticipantConfiguration, handlers: Handlers, beside others: [ParticipantQueue] = [],
        telemetry: ParticipantTelemetry, pool: PostgresPool? = nil,
        now: @escaping @Sendable () -> Int64 = { Logger.wallClockMilliseconds() }
    ) throws {
        let factory = MessageFactory(
            service: configuration.service, user: configuration.user, ids: UUIDv7Source(now: now), now: now)
        let queues = Self.queues(of: handlers, configuration, factory, pool?.executor ?? .shared) + others
        try self.init(configuration, queues: queues, telemetry: telemetry, pool: pool, now: now)
    }

    /// A participant of queues with their own ways of handling.
    package init(
        _ configuration: ParticipantConfiguration, queues: [ParticipantQueue], telemetry: ParticipantTelemetry,
        pool: PostgresPool? = nil, now: @escaping @Sendable () -> Int64 = { Logger.wallClockMilliseconds() }
    ) throws {
        try configuration.check()
        self.configuration = configuration
        let factory = MessageFactory(
            service: configuration.service, user: configuration.user, ids: UUIDv7Source(now: now), now: now)
        self.factory = factory
        let pool = pool ?? PostgresPool(configuration.database)
        self.queues = queues + Self.controlQueues(configuration, factory, pool.executor)
        self.telemetry = telemetry
        self.now = now
        database = DatabaseGround(pool, backoffMax: configuration.deadlines.groundBackoffMax)
        pauses = PauseStore(pool)
        broker = BrokerWatch(gate, telemetry)
    }

    /// Works until the task is cancelled.
    ///
    /// - Throws: what nobody but a person can mend: credentials the broker refuses, rights that are missing.
    public func run() async throws {
        try await withTaskExecutorPreference(database.pool.executor) {
            try await prepare()
            // All on the thread that the database's answers come on: a message is handed to no other on its way.
            let executor = database.pool.executor
            let publishing = try await connect("publish", executor)
            let consuming = try await connect("consume", executor)
            do {
                try await TopologyWatch(self).untilThere(on: consuming, queues: queues)
                try await work(publishing: publishing, consuming: consuming)
            } catch {
                await end(publishing, consuming)
                throw error
            }
            await end(publishing, consuming)
        }
    }

    /// Schema, lease, partitions: what has to be there before the first message.
    private func prepare() async throws {
        try await SchemaWatch(self).untilThere()
        let upkeep = upkeep(OutboxLedger(unconfirmedCountMax: 1))
        try await insist { try await upkeep.register() }
        try await insist { try await upkeep.keepPartitions() }
        try await insist { try await upkeep.readPauses() }
    }

    /// Connects to the broker, which may be away for as long as it likes.
    private func connect(_ purpose: String, _ executor: EventLoop) async throws -> Connection {
        while true {
            do {
                return try await Connection.connect(brokerConfiguration(purpose), executor: executor)
            } catch {
                guard error.isRetriable, !Task.isCancelled else { throw error }
                telemetry.log.warning("waiting for the broker", .failure(error))
            }
        }
    }

    /// Does something again until the database lets it.
    private func insist(_ body: () async throws -> Void) async throws {
        var failureCount = 0
        while true {
            do {
                return try await body()
            } catch {
                guard FailureRule.isGround(error), !Task.isCancelled else { throw error }
                telemetry.log.warning("waiting for the database", .failure(error))
                await database.untilBack(failureCount: failureCount)
                failureCount += 1
            }
        }
    }

    private func work(publishing: Connection, consuming: Connection) async throws {
        let ledger = OutboxLedger(unconfirmedCountMax: configuration.batch.unconfirmedCountMax)
        let publisher = try await publishing.makePublisher(publisherOptions)
        let dispatch = Dispatch(publisher, ledger: ledger, log: telemetry.log)
        let surroundings = surroundings(dispatch)
        let upkeep = upkeep(ledger)
        let sender = OutboxSender(dispatch: dispatch, on: database.pool.executor)
        begin(sender, consuming)
        defer { stop() }
        // Whatever keeps a process going runs until the last message is settled, so it has a task of its own.
        let keeping = Task(executorPreference: database.pool.executor) { [broker, database, gate, telemetry] in
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await upkeep.run() }
                group.addTask { await OutboxSweep(database, dispatch: dispatch, gate: gate, telemetry).run() }
                group.addTask { await broker.run(publishing: publishing, consuming: consuming) }
            }
        }
        defer { keeping.cancel() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for queue in queues {
                group.addTask { try await QueueWorker(queue, surroundings).run(on: consuming) }
            }
            // A service that only publishes has no queue to work on, and goes on until it is stopped as well.
            group.addTask { await Self.untilCancelled() }
            // The first queue that cannot be worked on ends the others: somebody has to hear of it.
            while try await group.next() != nil {}
        }
        stop()
        await sender.background.finish(within: configuration.deadlines.stop)
        // This task is cancelled, and what it asked of the database would be too.
        await Task { await upkeep.release() }.value
    }

    /// How many messages wait in a queue and were given to nobody yet.
    ///
    /// - Throws: ``ParticipantNotRunning``; the broker's errors.
    package func waitingCount(inQueue queue: String) async throws -> Int {
        guard let connection = consuming.withLock({ $0 }) else { throw ParticipantNotRunning() }
        return Int(try await connection.status(ofQueue: queue).messageCount)
    }

    /// Since when messages of a queue are in the hands of this process; nil if all that it took is settled.
    ///
    /// Everything that was delivered by then is settled with them, or stays in hand.
    package func holdingSince(ofQueue queue: String) -> ContinuousClock.Instant? { inHand.since(ofQueue: queue) }

    /// Whether messages go in and out: it is connected, and neither an operator nor the broker holds it back.
    package var isWorking: Bool { startup.isRunning && broker.isConnected && gate.isOpen }

    private func begin(_ sender: OutboxSender, _ connection: Connection) {
        consuming.withLock { $0 = connection }
        self.sender.withLock { $0 = sender }
        startup.isRunning(true)
    }

    private func stop() {
        startup.isRunning(false)
        consuming.withLock { $0 = nil }
        sender.withLock { $0 = nil }
    }

    private static func untilCancelled() async {
        while !Task.isCancelled {
            do { try await Task.sleep(for: .seconds(3600)) } catch { return }
        }
    }

    private func end(_ publishing: Connection, _ consuming: Connection) async {
        await consuming.close(gracePeriod: configuration.deadlines.stop)
        await publishing.close(gracePeriod: configuration.deadlines.stop)
        telemetry.log.info("ended")
    }

    private func upkeep(_ ledger: OutboxLedger) -> Upkeep {
        Upkeep(
            configuration: configuration, database: database, ledger: ledger, gate: gate, pauses: pausedTypes,
            log: telemetry.log)
    }

    private func surroundings(_ dispatch: Dispatch) -> QueueSurroundings {
        QueueSurroundings(
            service: configuration.service, user: configuration.user, database: database, dispatch: dispatch,
            gate: gate, solitude: Solitude(), inHand: inHand, pauses: pausedTypes, batch: configuration.batch,
            stopWithin: configuration.deadlines.stop,
            horizon: configuration.retention.horizon, telemetry: telemetry, now: now)
    }

    private func brokerConfiguration(_ purpose: String) -> ConnectionConfiguration {
        var broker = configuration.broker
        broker.name = "\(configuration.instance)/\(purpose)"
        // What is too large is buried with its reason; what is far too large is not even read, whoever sends it.
        broker.bodyByteCountMax = min(broker.bodyByteCountMax, 2 * MessageSize.byteCountMax)
        return broker
    }

    private var publisherOptions: PublisherOptions {
        var options = PublisherOptions()
        options.windowCountMax = max(512, configuration.batch.sizeMax * 8)
        return options
    }

    /// Where the service hears what it is to hold back, whatever else it works on.
    private static func controlQueues(
        _ configuration: ParticipantConfiguration, _ factory: MessageFactory, _ clock: EventLoop
    ) -> [ParticipantQueue] {
        guard TopologyNames.hasControlQueue(configuration.service) else { return [] }
        var handlers = Handlers()
        handlers.takePauses(of: configuration.service)
        return [
            ParticipantQueue(
                name: TopologyNames.controlQueue(of: configuration.service), kind: .command,
                senders: .users([TopologyNames.orchestrator]),
                handler: TableRunHandler(
                    handlers.commands, factory: factory, deadline: configuration.deadlines.handler, clock: clock),
                ladder: .none, isPausable: false)
        ]
    }

    /// The queues plain handlers need: commands if there are any, events if any is subscribed to.
    private static func queues(
        of handlers: Handlers, _ configuration: ParticipantConfiguration, _ factory: MessageFactory,
        _ clock: EventLoop
    ) -> [ParticipantQueue] {
        var queues: [ParticipantQueue] = []
        if !handlers.commands.isEmpty {
            queues.append(
                ParticipantQueue(
                    name: TopologyNames.commandQueue(of: configuration.service), kind: .command,
                    senders: .users(configuration.commandSenders),
                    handler: TableRunHandler(
                        handlers.commands, factory: factory, deadline: configuration.deadlines.handler, clock: clock),
                    ladder: configuration.ladder))
        }
        if !handlers.events.isEmpty {
            queues.append(
                ParticipantQueue(
                    name: TopologyNames.eventQueue(of: configuration.service), kind: .event, senders: .ownerOfType,
                    handler: TableRunHandler(
                        handlers.events, factory: factory, deadline: configuration.deadlines.handler, clock: clock),
                    ladder: configuration.ladder))
        }
        return queues
    }
}
