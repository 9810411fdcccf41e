/// The ways to do the same work that are compared.
enum AMQPSide: String, Sendable {
    /// Our wrapper. Publishing: one task a message at window 1, else batches. Consuming: `for await`, on the connection's thread,
    /// as a program in C consumes on the thread that reads.
    case skald
    /// Our wrapper, publishing from as many tasks as the window is wide, each awaiting its own confirm.
    case skaldTasks = "skald_tasks"
    /// Our wrapper, consuming with `nextBatch`, on the connection's thread.
    case skaldBatches = "skald_batches"
    /// Our wrapper, consuming with `for await` in a task that runs wherever Swift puts it.
    case skaldPool = "skald_pool"
    /// `amqp_basic_publish` and `amqp_consume_message`, as the library's examples use them.
    case plain = "plain_c"
    /// librabbitmq as codec only; own socket, one send for each batch, own reassembly.
    case best = "best_c"

    var isOurs: Bool { self != .plain && self != .best }

    static let publishing: [AMQPSide] = [.skald, .skaldTasks, .plain, .best]
    static let consuming: [AMQPSide] = [.skald, .skaldBatches, .skaldPool, .plain, .best]
    /// Where one message follows the other, there is one way to do it with the wrapper.
    static let oneByOne: [AMQPSide] = [.skald, .plain, .best]

    /// Publishes and waits for all confirms, on a connection of its own that is opened and closed outside the section.
    func publish(_ load: Load, to endpoint: Endpoint, keepsLatencies: Bool = false) async throws -> Measurement {
        switch self {
        case .skald where keepsLatencies: try await WrapperPublishing(load, endpoint).oneByOne()
        case .skald: try await WrapperPublishing(load, endpoint).inBatches()
        case .skaldTasks: try await WrapperPublishing(load, endpoint).inTasks()
        case .plain: try await BaselineLoop.plain.publish(load, to: endpoint, keepsLatencies: keepsLatencies)
        case .best: try await BaselineLoop.best.publish(load, to: endpoint, keepsLatencies: keepsLatencies)
        case .skaldBatches, .skaldPool: preconditionFailure("\(rawValue) only consumes")
        }
    }

    /// Consumes and acknowledges messages that are in the queue already.
    func consume(_ load: Load, from endpoint: Endpoint) async throws -> Measurement {
        switch self {
        case .skald: try await WrapperConsuming(load, endpoint, onLoop: true).oneByOne()
        case .skaldBatches: try await WrapperConsuming(load, endpoint, onLoop: true).inBatches()
        case .skaldPool: try await WrapperConsuming(load, endpoint, onLoop: false).oneByOne()
        case .plain: try await BaselineLoop.plain.consume(load, from: endpoint)
        case .best: try await BaselineLoop.best.consume(load, from: endpoint)
        case .skaldTasks: preconditionFailure("\(rawValue) only publishes")
        }
    }
}

extension Report {
    /// Says how the sides were set up: what is equal on all of them first, then what makes each.
    mutating func describeAMQPSides() {
        describe(
            "all sides",
            [
                "queue": "quorum, durable, new for each section", "body": "512 B",
                "messages": "persistent, mandatory, message id of 36 characters", "confirms": "for every publish",
                "acks": "multiple, every 83 at prefetch 250, each at prefetch 1", "channels": "1", "tls": "off",
            ])
        describe(
            "skald",
            [
                "publish": "publish(contentsOf:) under the window",
                "consume": "for await, ack(), on the connection's thread",
                "loop": "SCHED_BATCH above 10,000 sleeps a second",
            ])
        describe("skald_tasks", ["publish": "as many tasks as the window, each awaits its confirm"])
        describe("skald_batches", ["consume": "nextBatch(countMax: 64), ack(), on the connection's thread"])
        describe("skald_pool", ["consume": "for await, ack(), on Swift's own threads"])
        describe("plain_c", ["publish": "amqp_basic_publish", "consume": "amqp_consume_message", "heartbeat": "off"])
        describe(
            "best_c",
            [
                "both": "own socket, librabbitmq as codec, one send per batch",
                "thread": "SCHED_BATCH above a window of 1", "heartbeat": "off",
            ])
    }
}
