import AMQP
import Contracts
import LocalServers
import Messaging
import Participant
import Telemetry
import Testing

/// Sends what clients send, as the operators' tool does.
final class TownClient: Sendable {
    private let connection: Connection
    private let publisher: Publisher
    private let ids = UUIDv7Source(now: { Logger.wallClockMilliseconds() })

    init(_ broker: RabbitServer, _ virtualHost: String) async throws {
        var configuration = ConnectionConfiguration(
            hosts: [.init(broker.host, port: broker.port)], virtualHost: virtualHost,
            credentials: .password(user: TopologyNames.tool, password: Town.password), name: "client")
        configuration.openTimeout = .seconds(60)
        connection = try await Connection.connect(configuration)
        publisher = try await connection.makePublisher()
    }

    func close() async { await connection.close(gracePeriod: .seconds(5)) }

    /// A command on its way; sending it again is a duplicate.
    func command(_ payload: some MessagePayload, traceparent: String? = nil) throws -> WireMessage {
        let type = type(of: payload).messageType
        let envelope = Envelope(
            id: ids.next(), type: type, source: "/test", timestamp: Logger.wallClockMilliseconds() / 1000,
            appID: "test", userID: TopologyNames.tool, traceparent: traceparent)
        return envelope.message(body: try JSON.encode(payload))
    }

    func send(_ message: WireMessage, to service: String) async throws {
        try await publisher.publish(message.amqp, to: TopologyNames.commands, routingKey: service)
    }

    /// Publishes an event as if its owner had.
    func publish(_ event: WireMessage) async throws {
        let type = try #require(event.properties.type)
        try await publisher.publish(event.amqp, to: TopologyNames.events, routingKey: type)
    }

    /// Puts a message among the dead letters of a queue.
    func bury(_ payload: some MessagePayload, from queue: String) async throws {
        try await publisher.publish(try command(payload).amqp, to: TopologyNames.dead, routingKey: queue)
    }

    func send(_ payload: some MessagePayload, traceparent: String? = nil) async throws {
        let message = try command(payload, traceparent: traceparent)
        try await send(message, to: type(of: payload).messageType.owner)
    }
}
