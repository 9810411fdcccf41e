import AMQP
import LocalServers
import Messaging
import Testing

/// Holds the replies of all participants back, as a slow network does, until they are let go.
final class ReplyHold: Sendable {
    private static let queue = "held-replies"
    private static let replies = TopologyNames.replyQueue(of: TopologyNames.orchestrator)

    private let connection: Connection

    /// From now on replies wait here instead of reaching the orchestrator.
    init(_ town: Town) async throws {
        connection = try await Connection.connect(
            ConnectionConfiguration(
                hosts: [.init(town.broker.host, port: town.broker.port)], virtualHost: town.virtualHost,
                credentials: .password(user: town.broker.user, password: town.broker.password), name: "hold"))
        var held = QueueDeclaration(Self.queue)
        // What is refused goes on to the orchestrator, with its sender's name, as it was sent.
        held.deadLetter = .init(exchange: "", routingKey: Self.replies)
        _ = try await connection.declare(held)
        try await lead(to: Self.queue, insteadOf: Self.replies)
    }

    var count: Int {
        get async throws { try await connection.status(ofQueue: Self.queue).messageCount }
    }

    /// New replies reach the orchestrator again; those that are held stay.
    func letNewOnesPass() async throws { try await lead(to: Self.replies, insteadOf: Self.queue) }

    /// Lets go of what is held, in its order.
    func letGo() async throws {
        // Before there is a consumer: what it holds counts no more.
        var count = try await connection.status(ofQueue: Self.queue).messageCount
        let consumer = try await connection.consume(Self.queue)
        repeat {
            for delivery in await consumer.nextBatch(countMax: 100) {
                delivery.reject(requeue: false)
                count -= 1
            }
        } while count > 0
        await consumer.cancel(within: .seconds(5))
    }

    func close() async { await connection.close(gracePeriod: .seconds(5)) }

    /// There is always a way for a reply, as one without a way comes back to its sender.
    private func lead(to queue: String, insteadOf other: String) async throws {
        try await connection.declare(
            BindingDeclaration(from: TopologyNames.replies, to: .queue(queue), routingKey: TopologyNames.orchestrator))
        try await connection.unbind(
            queue: other, from: TopologyNames.replies, routingKey: TopologyNames.orchestrator)
    }
}
