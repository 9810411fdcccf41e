public import AMQP
public import Messaging
public import Postgres

/// Who a participant is and how it works.
public struct ParticipantConfiguration: Sendable {
    /// The name of the service: its queues, its source, its broker user.
    public var service: String
    /// Names one process of the service for good: a process that starts under a name takes over what the last of that name
    /// left behind.
    public var instance: String
    public var broker: ConnectionConfiguration
    public var database: PostgresConfiguration
    /// The broker's user. It must be the one in the credentials, as the broker refuses any other on a message.
    public var user: String
    /// Who may send commands.
    public var commandSenders: Set<String> = [TopologyNames.orchestrator]
    public var ladder = RetryLadder.standard
    public var batch = Batch()
    public var deadlines = Deadlines()
    public var retention = Retention()

    public init(
        service: String, instance: String? = nil, broker: ConnectionConfiguration, database: PostgresConfiguration
    ) {
        self.service = service
        self.instance = instance ?? "\(service)/1"
        self.broker = broker
        self.database = database.planningByKey
        user = service
    }

    /// How much is under way at once.
    public struct Batch: Sendable {
        /// Messages in one transaction.
        public var sizeMax = 64
        /// Messages the broker hands over before the first is settled.
        public var prefetchCount: UInt16 = 256
        /// Messages published and not confirmed; past it no new batch is begun.
        public var unconfirmedCountMax = 2048
        /// How long confirmed rows may wait for the next batch to delete them.
        public var idleDelay = Duration.milliseconds(200)
    }

    /// How long things may take. A lock is waited for less long than a handler runs, and a transaction may stand idle longer
    /// than either; the database's own limits stand in its configuration.
    public struct Deadlines: Sendable {
        /// All handlers of a run together.
        public var handler = Duration.seconds(20)
        /// From the request to stop until whatever is under way is given up.
        public var stop = Duration.seconds(25)
        /// Without a sign of life for this long, another process takes over the outbox.
        public var lease = Duration.seconds(15)
        /// The longest pause between two looks at a database that is away.
        public var groundBackoffMax = Duration.seconds(1)
    }

    /// How long is remembered what was handled.
    public struct Retention: Sendable {
        /// An id older than this is refused.
        public var horizon = AdmissionRule.horizonDefault
        /// Inbox and replies are kept a day longer than the horizon.
        public var inbox: Duration { horizon + .seconds(86_400) }
        public var partitionDaysAhead: Int32 = 3
    }
}

/// A fault of the configuration or of the files a program works by: no restart mends it. A `ServiceProgram` ends with status 78
/// (`EX_CONFIG` of BSD's `sysexits.h`).
package protocol ConfigurationFault: Error {}

/// What is wrong with a configuration, and what to do about it.
public struct ParticipantConfigurationError: ConfigurationFault, Sendable, Hashable, CustomStringConvertible {
    public let setting: String
    public let problem: String

    public var description: String { "\(setting) \(problem)" }
}

extension ParticipantConfiguration {
    /// Refuses what could not work, before anything is started.
    func check() throws(ParticipantConfigurationError) {
        func refuse(_ setting: String, _ problem: String) -> ParticipantConfigurationError {
            ParticipantConfigurationError(setting: setting, problem: problem)
        }
        guard TopologyNames.isServiceName(service) else {
            throw refuse("service", "\"\(service)\" is no service name: a-z 0-9 -, a letter first")
        }
        guard batch.sizeMax >= 1, Int(batch.prefetchCount) >= batch.sizeMax else {
            throw refuse("batch.prefetchCount", "must be at least batch.sizeMax, or no batch is ever full")
        }
        guard database.timeouts.lock < deadlines.handler else {
            throw refuse("deadlines.handler", "must be longer than the database's lock timeout")
        }
        guard deadlines.handler < database.timeouts.idleInTransaction else {
            throw refuse("deadlines.handler", "must be shorter than the database's idle-in-transaction timeout")
        }
        guard ladder.wholeDelay < retention.horizon else {
            throw refuse("retention.horizon", "must be longer than the whole retry ladder")
        }
    }
}
