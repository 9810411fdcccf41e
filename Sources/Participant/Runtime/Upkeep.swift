import Messaging
import Postgres
import Telemetry

/// What a process does at intervals: keeps its lease, deletes confirmed rows when no batch does, reads the pauses, keeps
/// partitions.
struct Upkeep: Sendable {
    let configuration: ParticipantConfiguration
    let database: DatabaseGround
    let ledger: OutboxLedger
    let gate: Gate
    let pauses: PausedTypes
    let log: Logger

    private var store: ProcessStore { ProcessStore(database: database.pool) }

    private static let pauseInterval = Duration.seconds(1)
    private static let partitionInterval = Duration.seconds(3600)

    /// Does all of it until the task is cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await every(configuration.deadlines.lease / 3, "lease") { try await renewLease() } }
            group.addTask {
                await every(configuration.batch.idleDelay, "confirmed rows") { try await deleteConfirmed() }
            }
            group.addTask { await every(Self.pauseInterval, "pauses") { try await readPauses() } }
            group.addTask { await every(Self.partitionInterval, "partitions") { try await keepPartitions() } }
        }
    }

    /// Registers the process; its rows in the outbox carry the epoch it gets.
    func register() async throws {
        let epoch = try await store.register(
            instance: configuration.instance, lease: configuration.deadlines.lease)
        database.set(epoch: epoch)
        log.info("registered", ["epoch": .integer(epoch), "instance": .string(configuration.instance)])
    }

    /// Ends the lease, so that what is left over is published by others at once.
    func release() async {
        do {
            try await store.delete(ledger.takeConfirmed())
            try await store.release(database.epoch)
        } catch {
            log.warning("cannot end the lease, it runs out by itself", .failure(error))
        }
    }

    func readPauses() async throws {
        let scopes = Set(try await PauseStore(database.pool).all().map(\.scope))
        pauses.set(scopes.subtracting([PauseStore.everything]))
        gate.set(.paused, scopes.contains(PauseStore.everything))
    }

    func keepPartitions() async throws {
        try await store.keepPartitions(
            daysAhead: configuration.retention.partitionDaysAhead, retention: configuration.retention.inbox)
    }

    private func renewLease() async throws {
        if try await store.renew(database.epoch, lease: configuration.deadlines.lease) { return }
        log.error("the lease was lost: this process was taken for dead, and its outbox taken over")
        try await register()
    }

    private func deleteConfirmed() async throws {
        let confirmed = ledger.takeConfirmed()
        if confirmed.isEmpty { return }
        do {
            try await store.delete(confirmed)
            CrashPoint.deleted.reach()
        } catch {
            ledger.confirmed(confirmed)
            throw error
        }
    }

    private func every(_ interval: Duration, _ what: String, _ body: () async throws -> Void) async {
        while !Task.isCancelled {
            do {
                try await body()
            } catch {
                if !Task.isCancelled {
                    log.debug(
                        "upkeep failed and is tried again", LogFields.failure(error).merging(["of": .string(what)]))
                }
            }
            do { try await Task.sleep(for: interval) } catch { return }
        }
    }
}
