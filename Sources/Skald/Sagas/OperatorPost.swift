import AMQP
import Messaging
import Orchestration
import Participant
import Postgres

/// Sends operators' orders to the orchestrator, and looks for what came of them where it is written down.
///
/// The tool may write to no database: an order is a message, and its outcome a row that everybody may read.
struct OperatorPost: Sendable {
    private let broker: ConnectionConfiguration
    private let patience: Duration
    private let ids = UUIDv7Source(now: { UTC.now() })

    private static let lookInterval = Duration.milliseconds(50)

    static let patienceOption = Option.value("wait", "SECONDS", "How long to wait for the outcome; 10 if left out.")
    static let timedOutMeaning = "nobody took the order in time; it waits in the queue and will be done"

    init(_ arguments: Arguments, _ surroundings: Surroundings = Surroundings()) throws {
        broker = try surroundings.broker()
        patience = .seconds(try arguments.count("wait", in: 0...86_400) ?? 10)
    }

    /// Has the orchestrator do something.
    ///
    /// - Parameter database: the orchestrator's, with a role that may read.
    /// - Returns: the order's id, under which history and record name it, and what came of it.
    /// - Throws: ``Failure`` if the broker does not take the order, or nobody did within the patience.
    func order(
        _ order: some MessagePayload, writtenDownIn database: PostgresPool
    ) async throws -> (id: UUIDv7, outcome: OperatorOutcome) {
        let id = ids.next()
        try await send(order, id)
        guard let outcome = try await outcome(of: id, writtenDownIn: database) else {
            throw Failure(
                .timedOut, "no orchestrator took the order within \(patience.words)",
                remedy: """
                    It waits in \(TopologyNames.commandQueue(of: TopologyNames.orchestrator)) as \(id) and is done when \
                    one comes up: skald status. If one runs, it refused the message: \
                    skald dlq list \(TopologyNames.commandQueue(of: TopologyNames.orchestrator))
                    """)
        }
        return (id, outcome)
    }

    /// Waits for what came of an order.
    ///
    /// - Returns: nil if nothing did within the patience.
    func outcome(of order: UUIDv7, writtenDownIn database: PostgresPool) async throws -> OperatorOutcome? {
        let deadline = ContinuousClock.now + patience
        while true {
            if let text = try await RecordOperatorAction.result(of: order, in: database) {
                return OperatorOutcome(text: text)
            }
            if ContinuousClock.now >= deadline { return nil }
            try await Task.sleep(for: Self.lookInterval)
        }
    }

    private func send(_ order: some MessagePayload, _ id: UUIDv7) async throws {
        guard case .password(let user, _) = try broker.credentials() else {
            throw Failure(.usage, "the broker's URL names no user")
        }
        let envelope = Envelope(
            id: id, type: type(of: order).messageType, source: "/\(TopologyNames.tool)", timestamp: UTC.now() / 1000,
            appID: TopologyNames.tool, userID: user)
        let message = envelope.message(body: try JSON.encode(order)).amqp
        do throws(AMQPError) {
            let connection = try await Connection.connect(broker)
            do throws(AMQPError) {
                // Mandatory and confirmed: an order that no queue has taken was not given.
                try await connection.makePublisher().publish(
                    message, to: TopologyNames.commands, routingKey: TopologyNames.orchestrator)
            } catch {
                await connection.close(gracePeriod: .seconds(2))
                throw error
            }
            await connection.close(gracePeriod: .seconds(2))
        } catch {
            throw Failure(
                .unavailable, "the order could not be given: \(error.message)",
                remedy: """
                    Unless the connection broke after it was sent (then it may be done as \(id)) nothing was changed. \
                    `skald doctor` says what is missing.
                    """)
        }
    }
}
