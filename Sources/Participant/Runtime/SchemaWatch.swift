import AMQP
import Messaging
import Postgres
import Telemetry

/// Waits until the schema is there. A service may not migrate; it says what is missing.
struct SchemaWatch {
    private let participant: Participant
    static let interval = Duration.seconds(1)

    init(_ participant: Participant) { self.participant = participant }

    func untilThere() async throws {
        var lastComplaint = ""
        while true {
            let complaint = try await problem()
            participant.startup.schema(complaint)
            guard let complaint else { return }
            if complaint != lastComplaint {
                participant.telemetry.log.warning("waiting for the schema", ["reason": .string(complaint)])
            }
            lastComplaint = complaint
            try await Task.sleep(for: Self.interval)
        }
    }

    private func problem() async throws -> String? {
        do {
            let pending = try await participant.database.pool.pendingMigrations(
                ParticipantSchema.set, ParticipantSchema.migrations)
            if pending.isEmpty { return nil }
            let numbers = pending.map { String($0) }.joined(separator: ", ")
            return
                "migrations \(numbers) of \(ParticipantSchema.set) are not applied; migrate as the owner of the database"
        } catch let error as PostgresError where error.code != .migrationRefused {
            try Task.checkCancellation()
            return "\(error)"
        }
    }
}

/// Waits until queues and exchanges are there. A service may not declare; it says what is missing.
struct TopologyWatch {
    private let participant: Participant

    init(_ participant: Participant) { self.participant = participant }

    func untilThere(on connection: Connection, queues: [ParticipantQueue]) async throws {
        var lastComplaint = ""
        while true {
            let missing = try await missing(on: connection, queues)
            participant.startup.topology(missing)
            if missing.isEmpty { return }
            let complaint = "\(missing.joined(separator: ", ")) missing; run: skald topology apply"
            if complaint != lastComplaint {
                participant.telemetry.log.warning("waiting for the topology", ["reason": .string(complaint)])
            }
            lastComplaint = complaint
            try await Task.sleep(for: SchemaWatch.interval)
        }
    }

    private func missing(on connection: Connection, _ queues: [ParticipantQueue]) async throws -> [String] {
        var missing: [String] = []
        for name in exchanges(queues) where try await lacksExchange(name, on: connection) {
            missing.append("exchange \(name)")
        }
        for queue in queues where try await lacksQueue(queue.name, on: connection) {
            missing.append("queue \(queue.name)")
        }
        return missing
    }

    private func lacksExchange(_ name: String, on connection: Connection) async throws -> Bool {
        do {
            try await connection.check(exchange: name)
            return false
        } catch {
            return try isMissing(error)
        }
    }

    private func lacksQueue(_ name: String, on connection: Connection) async throws -> Bool {
        do {
            _ = try await connection.status(ofQueue: name)
            return false
        } catch {
            return try isMissing(error)
        }
    }

    /// A broker that is away for a moment counts as one that lacks what we look for: we look again.
    private func isMissing(_ error: AMQPError) throws(AMQPError) -> Bool {
        if error.code == .notFound || error.isRetriable { return true }
        throw error
    }

    private func exchanges(_ queues: [ParticipantQueue]) -> [String] {
        let retries = queues.flatMap { queue in
            queue.ladder.levels.map { TopologyNames.retryExchange(of: participant.configuration.service, $0) }
        }
        let own = queues.contains { $0.kind == .command } ? [TopologyNames.replies] : []
        return own + [TopologyNames.dead] + Set(retries).sorted()
    }
}
