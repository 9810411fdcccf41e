import AMQP
import Messaging

/// Tells whether services take messages, seen from outside as everybody else sees it: somebody listens on each of their
/// queues.
///
/// A participant listens only once its schema is there, its rights are right and both connections stand, so nothing more
/// needs to be asked, and the answer is as good for one in another language.
final class Readiness: Sendable {
    private let connection: Connection
    private let queues: [String: [String]]

    init(_ broker: BrokerAddress, _ secrets: Secrets, _ services: [ServiceDeclaration]) async throws {
        var configuration = try broker.configuration(
            user: TopologyNames.tool, password: secrets.password(of: TopologyNames.tool))
        configuration.requestTimeout = .seconds(5)
        connection = try await Connection.connect(configuration)
        queues = Dictionary(uniqueKeysWithValues: services.map { ($0.name, $0.queues) })
    }

    /// What keeps a service from working; nil if nothing.
    func problem(of service: String) async -> String? {
        for queue in queues[service] ?? [] {
            do {
                if try await connection.status(ofQueue: queue).consumerCount == 0 {
                    return "nobody listens on \(queue)"
                }
            } catch {
                return "\(queue): \(error.message)"
            }
        }
        return nil
    }

    func close() async { await connection.close(gracePeriod: .seconds(2)) }
}
