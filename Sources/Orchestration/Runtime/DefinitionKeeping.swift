import Participant
import Postgres
import Telemetry

/// Learns of the definitions that other orchestrators register, as happens while a new version takes over from an old one.
///
/// Whoever takes an event looks for the sagas that wait for it as far as it knows of any; what it does not know of it would
/// acknowledge and forget. So all learn at intervals, and a newcomer begins its work a little later than it registers.
struct DefinitionKeeping: LongRunning {
    let shelf: DefinitionShelf
    let database: PostgresPool
    let log: Logger

    private static let interval = Duration.seconds(1)
    /// How long a newcomer lets the others learn.
    private static let lead = interval * 2

    /// Registers the files' definitions. If others are at work that do not know them, it returns once they do.
    ///
    /// - Throws: ``ContentWithoutVersion``.
    func register() async throws {
        let registration = try await shelf.register(in: database)
        for failure in registration.failures { tell(failure) }
        if let age = registration.newsAge, age < Self.lead {
            log.info("definitions are new, and others that may be at work learn of them first")
            try await Task.sleep(for: Self.lead - max(age, .zero))
        }
    }

    func run() async throws {
        while !Task.isCancelled {
            do { try await Task.sleep(for: Self.interval) } catch { return }
            do {
                for failure in try await shelf.learn(from: database) { tell(failure) }
            } catch {
                if Task.isCancelled { return }
                log.warning("definitions of others cannot be read now", .failure(error))
            }
        }
    }

    private func tell(_ failure: any Error) {
        log.error(
            "a definition of others cannot be used; sagas that run by it wait, and may miss events that are taken here",
            .failure(failure))
    }
}
