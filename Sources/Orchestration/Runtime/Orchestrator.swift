import Messaging
package import Participant
import Postgres
package import SagaFile
import Telemetry

/// Runs sagas: a participant that takes replies, events and operators' orders, and fires timers beside.
///
/// Any number may run at once on one database; a saga is worked on by one at a time, whichever gets its messages.
package struct Orchestrator: LongRunning {
    package let participant: Participant
    private let scan: TimerScan
    private let pauses: PauseKeeping
    private let retention: RetentionKeeping
    private let definitions: DefinitionKeeping

    /// Registers the definitions and makes ready to run.
    ///
    /// - Throws: ``ContentWithoutVersion`` if a definition changed under its version.
    package init(_ configuration: ParticipantConfiguration, _ library: SagaLibrary) async throws {
        let shelf = try DefinitionShelf(library)
        let pool = PostgresPool(configuration.database)
        let telemetry = ParticipantTelemetry.standard(service: configuration.service)
        definitions = DefinitionKeeping(shelf: shelf, database: pool, log: telemetry.log)
        try await definitions.register()
        let now: @Sendable () -> Int64 = { Logger.wallClockMilliseconds() }
        let sagas = SagaTransaction(
            shelf: shelf, commands: CommandMaker(user: configuration.user), now: now, log: SagaLog(telemetry.log))
        let operating = OperatorHandler(
            sagas: sagas,
            pauses: PauseOrdering(
                services: Set(DeclaredSystem(library).services.map(\.name)),
                factory: MessageFactory(
                    service: configuration.service, user: configuration.user, ids: UUIDv7Source(now: now), now: now)))
        participant = try Participant(
            configuration, queues: Self.queues(sagas, operating, configuration), telemetry: telemetry, pool: pool)
        pauses = PauseKeeping(sagas: sagas, log: telemetry.log)
        retention = RetentionKeeping(database: pool, log: telemetry.log)
        scan = TimerScan(
            sagas: sagas, log: telemetry.log, replyQueue: TopologyNames.replyQueue(of: configuration.service))
    }

    /// Works until the task is cancelled.
    package func run() async throws {
        let timers = Running { [scan, participant] in try await scan.run(participant) }
        let pausing = Running { [pauses, participant] in try await pauses.run(participant) }
        try await RunningTogether([participant, timers, pausing, retention, definitions]).run()
    }

    private static func queues(
        _ sagas: SagaTransaction, _ operating: OperatorHandler, _ configuration: ParticipantConfiguration
    ) -> [ParticipantQueue] {
        [
            ParticipantQueue(
                name: TopologyNames.replyQueue(of: configuration.service), kind: .reply, senders: .ownerOfType,
                handler: ReplyHandler(sagas: sagas), ladder: configuration.ladder),
            ParticipantQueue(
                name: TopologyNames.eventQueue(of: configuration.service), kind: .event,
                senders: .usersOrOwner([TopologyNames.tool]), handler: EventHandler(sagas: sagas),
                ladder: configuration.ladder),
            ParticipantQueue(
                name: TopologyNames.commandQueue(of: configuration.service), kind: .command,
                senders: .users(configuration.commandSenders), handler: operating, ladder: configuration.ladder,
                isPausable: false),
        ]
    }
}
