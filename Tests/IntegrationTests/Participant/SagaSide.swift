import AMQP
import Messaging
import Telemetry
import Testing

@testable import Participant

/// Plays the orchestrator: sends commands as it would and keeps every reply.
final class SagaSide: Sendable {
    struct Answer: Sendable, Hashable {
        let id: UUIDv7
        let type: String
        let body: String
        let sender: String?
        let step: StepReference?
    }

    private let connection: Connection
    private let publisher: Publisher
    private let listening: Task<Void, Never>
    private let answers: Lock<[UUIDv7: [Answer]]>
    private let ids = UUIDv7Source(now: { Logger.wallClockMilliseconds() })
    private let service: String

    init(_ harness: BankHarness) async throws {
        service = harness.service
        connection = try await Connection.connect(harness.brokerConfiguration(user: TopologyNames.orchestrator))
        publisher = try await connection.makePublisher()
        let consumer = try await connection.consume(TopologyNames.replyQueue(of: TopologyNames.orchestrator))
        let answers = Lock<[UUIDv7: [Answer]]>([:])
        self.answers = answers
        listening = Task {
            for await delivery in consumer {
                let message = WireMessage(delivery)
                if let envelope = try? Envelope(message, kind: .reply), let command = envelope.causationID {
                    let answer = Answer(
                        id: envelope.id, type: envelope.type.text, body: String(decoding: message.body, as: UTF8.self),
                        sender: envelope.userID, step: envelope.step)
                    answers.withLock { $0[command, default: []].append(answer) }
                }
                delivery.ack()
            }
        }
    }

    func close() async {
        await connection.close(gracePeriod: .seconds(5))
        await listening.value
    }

    func nextID() -> UUIDv7 { ids.next() }

    func command(
        _ payload: some MessagePayload, id: UUIDv7? = nil, saga: String = "saga-1", step: String = "step",
        direction: StepReference.Direction = .forward, number: Int = 1
    ) throws -> OutgoingMessage {
        let envelope = Envelope(
            id: id ?? ids.next(), type: type(of: payload).messageType, source: "/orchestrator", correlationID: saga,
            replyTo: TopologyNames.orchestrator, timestamp: Logger.wallClockMilliseconds() / 1000,
            appID: TopologyNames.orchestrator, userID: TopologyNames.orchestrator,
            step: StepReference(step: step, direction: direction, number: number))
        return OutgoingMessage(
            exchange: TopologyNames.commands, routingKey: service, envelope: envelope, body: try JSON.encode(payload))
    }

    func send(_ messages: [OutgoingMessage]) async throws {
        for outcome in await publisher.publish(contentsOf: messages.map(\.publication)) {
            if let error = outcome.error { throw error }
        }
    }

    /// Sends messages until the broker has confirmed each, as a sender with an outbox does; some arrive twice.
    func insist(on messages: [WireMessage]) async {
        var rest = messages.map { Publication($0.amqp, to: TopologyNames.commands, routingKey: service) }
        while !rest.isEmpty {
            let outcomes = await publisher.publish(contentsOf: rest)
            rest = zip(rest, outcomes).filter { !$0.1.isConfirmed }.map(\.0)
        }
    }

    /// Sends a message as it is, whatever it is.
    func send(raw message: WireMessage) async throws {
        try await publisher.publish(message.amqp, to: TopologyNames.commands, routingKey: service)
    }

    /// Sends a message as it is, unless it does not fit into a frame.
    func isTooLong(_ message: WireMessage) async -> Bool {
        let publication = Publication(message.amqp, to: TopologyNames.commands, routingKey: service)
        return await publisher.outcome(of: publication).error?.code == .invalidArgument
    }

    func answers(to command: UUIDv7) -> [Answer] { answers.withLock { $0[command] ?? [] } }
    var answeredCount: Int { answers.withLock { $0.count } }
    var all: [UUIDv7: [Answer]] { answers.withLock { $0 } }

    /// Waits for so many answers to a command.
    func answers(to command: UUIDv7, count: Int) async throws -> [Answer] {
        try await eventually { answers(to: command).count >= count }
        return answers(to: command)
    }

    /// Sends one command and waits for its answer.
    func ask(_ message: OutgoingMessage) async throws -> Answer {
        try await send([message])
        return try await answer(to: message)
    }

    /// Waits for the answer to a command that was sent.
    func answer(to message: OutgoingMessage) async throws -> Answer {
        try #require(try await answers(to: message.id, count: 1).first)
    }
}

/// Reads the dead queue of the bank, as the operators' tool would.
struct DeadQueue {
    let connection: Connection
    let queue: String

    init(_ harness: BankHarness, queue: String? = nil) async throws {
        connection = try await Connection.connect(harness.brokerConfiguration(user: TopologyNames.tool))
        self.queue = TopologyNames.deadQueue(of: queue ?? TopologyNames.commandQueue(of: harness.service))
    }

    func close() async { await connection.close(gracePeriod: .seconds(5)) }

    /// Takes so many messages out.
    func take(_ count: Int) async throws -> [WireMessage] {
        let consumer = try await connection.consume(queue)
        var messages: [WireMessage] = []
        while messages.count < count {
            let batch = await consumer.nextBatch(countMax: count - messages.count)
            if batch.isEmpty { break }
            for delivery in batch {
                messages.append(WireMessage(delivery))
                delivery.ack()
            }
        }
        await consumer.cancel(within: .seconds(5))
        return messages
    }
}
