import Messaging
import Participant
import Postgres
import SagaModel

/// What operators hold back, by service.
struct PauseReport: Sendable {
    /// Nil where the service's database did not answer.
    let pauses: [String: [PauseStore.Pause]?]

    /// A database that is away is waited for no longer than a person would.
    private static let patience = Duration.seconds(3)

    /// Asks every service's database, as the role that reads everywhere.
    static func read(_ services: [String], _ surroundings: Surroundings = Surroundings()) async -> PauseReport {
        var pauses: [String: [PauseStore.Pause]?] = [:]
        for service in services { pauses.updateValue(await read(service, surroundings), forKey: service) }
        return PauseReport(pauses: pauses)
    }

    private static func read(_ service: String, _ surroundings: Surroundings) async -> [PauseStore.Pause]? {
        guard var configuration = try? surroundings.database(of: service) else { return nil }
        configuration.timeouts.acquire = patience
        let pool = PostgresPool(configuration)
        defer { pool.close() }
        return try? await PauseStore(pool).all()
    }

    static func line(_ service: String, _ pause: PauseStore.Pause) -> String {
        let what = pause.scope == PauseStore.everything ? service : "\(pause.scope) at \(service)"
        return "\(what) is paused since \(UTC.text(pause.since)) by \(pause.who): \(pause.reason)"
    }

    /// One line for each pause, and for each service that could not be asked.
    var lines: [String] {
        pauses.sorted { $0.key < $1.key }.flatMap { service, pauses in
            pauses.map { $0.map { Self.line(service, $0) } } ?? ["what \(service) holds back cannot be read"]
        }
    }

    /// For programs: the pauses of one service, null where it could not be asked.
    func value(of service: String) -> Value {
        guard let pauses = pauses[service] ?? nil else { return .null }
        return .list(
            pauses.map { pause in
                .record([
                    "scope": .string(pause.scope), "reason": .string(pause.reason), "who": .string(pause.who),
                    "since": .integer(pause.since),
                ])
            })
    }
}
