import Orchestration
import Participant
import SagaFile
import SagaModel
import Telemetry

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

let program = ServiceProgram(OrchestrationSchema.set, migrations: OrchestrationSchema.migrations)
/// Whether it is the definitions that keep it from serving.
let isRefused = Lock(false)
let status = await program.run { configuration in
    do {
        return try await Orchestrator(
            configuration, try SagaLibrary(folder: ServiceProgram.variable("SKALD_SAGAS") ?? "sagas"))
    } catch let error where error is ContentWithoutVersion || error is DefinitionError || error is DefinitionFaults {
        isRefused.withLock { $0 = true }
        throw error
    }
}
// The status of a configuration that cannot work: no restart changes a file.
exit(isRefused.withLock(\.self) ? 78 : status)
