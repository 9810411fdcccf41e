import Participant
import Telemetry

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

let program = ServiceProgram("kitchen", migrations: KitchenMigrations.all)
exit(
    await program.run { configuration in
        guard let pace = try KitchenPace.configured() else {
            return try Participant(configuration, handlers: KitchenCommands(pace: nil).handlers)
        }
        let participant = try Participant(configuration, handlers: KitchenCommands(pace: pace).handlers)
        let simulation = KitchenSimulation(
            participant: participant, pace: pace, now: ServiceProgram.now,
            log: ParticipantTelemetry.standard(service: configuration.service).log)
        return RunningTogether([participant, simulation])
    })

extension KitchenPace {
    /// What `KITCHEN_STEP_MILLISECONDS` says: how long each move takes; `off` for a kitchen that does nothing by itself.
    fileprivate static func configured() throws -> KitchenPace? {
        if ServiceProgram.variable("KITCHEN_STEP_MILLISECONDS") == "off" { return nil }
        let step = Duration.milliseconds(
            try ServiceProgram.number("KITCHEN_STEP_MILLISECONDS", 2000, in: 0...86_400_000))
        return KitchenPace(accept: step, prepare: step, finish: step, handOver: step)
    }
}
