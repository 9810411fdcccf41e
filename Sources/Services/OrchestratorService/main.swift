import Orchestration
import Participant
import SagaFile

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

let program = ServiceProgram(OrchestrationSchema.set, migrations: OrchestrationSchema.migrations)
exit(
    await program.run { configuration in
        try await Orchestrator(
            configuration, try SagaLibrary(folder: ServiceProgram.variable("SKALD_SAGAS") ?? "sagas"))
    })
