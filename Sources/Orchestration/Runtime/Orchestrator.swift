import Messaging
package import Participant
import Postgres
package import SagaFile
import Telemetry

/// Runs sagas: a participant that takes replies and events, and from operators what they did, and fires timers beside.
///
/// Any number may run at once on one database; a saga is worked on by one at a time, whichever gets its messages.
package struct Orchestrator: LongRunning {
    package let participant: Participant
    private let scan: TimerScan
    private let pauses: PauseKeeping
    private let retention: RetentionKeeping

    /// Registers the definitions and makes ready to run.
    ///
    /// - Throws: ``ContentWithoutVersion`` if a definition changed under its version.
    package init(_ configuration: ParticipantConfiguration, _ library: SagaLibrary) async throws {
        let shelf = try DefinitionShelf(library)
        let pool = PostgresPool(configuration.database)
        try await shelf.register(in: pool)
        let telemetry = ParticipantTelemetry.standard(service: configuration.service)
        let sagas = SagaTransaction(
            shelf: shelf, commands: CommandMaker(user: configuration.user), now: { Logger.wallClockMilliseconds() },
            log: SagaLog(telemetry.log))
        participant = try Participant(
            configuration, handlers: Self.handlers, beside: Self.queues(sagas, configuration), telemetry: telemetry,
            pool: pool)
        pauses = PauseKeeping(sagas: sagas, log: telemetry.log)
        retention = RetentionKeeping(database: pool, log: telemetry.log)
        scan = TimerScan(
            sagas: sagas, log: telemetry.log, replyQueue: TopologyNames.replyQueue(of: configuration.service))
    }

    /// Works until the task is cancelled.
    package func run() async throws {
        let timers = Running { [scan, participant] in try await scan.run(participant) }
        let pausing = Running { [pauses, participant] in try await pauses.run(participant) }
        try await RunningTogether([participant, timers, pausing, retention]).run()
    }

    /// The commands that it takes: what operators do with the tool is kept beside the sagas.
    private static var handlers: Handlers {
        var handlers = Handlers()
        handlers.recordOperatorActions()
        return handlers
    }

    private static func queues(
        _ sagas: SagaTransaction, _ configuration: ParticipantConfiguration
    ) -> [ParticipantQueue] {
        [
            ParticipantQueue(
                name: TopologyNames.replyQueue(of: configuration.service), kind: .reply, senders: .ownerOfType,
                handler: ReplyHandler(sagas: sagas), ladder: configuration.ladder),
            ParticipantQueue(
                name: TopologyNames.eventQueue(of: configuration.service), kind: .event,
                senders: .usersOrOwner([TopologyNames.tool]), handler: EventHandler(sagas: sagas),
                ladder: configuration.ladder),
        ]
    }
}
