internal import AMQP
internal import Synchronization

/// Publishes a load through the wrapper, on a connection that is opened and closed outside the section.
///
/// The messages are made beforehand, as they are in C; what is measured is what the wrapper does with them.
struct WrapperPublishing {
    private let load: Load
    private let endpoint: Endpoint

    init(_ load: Load, _ endpoint: Endpoint) {
        self.load = load
        self.endpoint = endpoint
    }

    /// One message after the other, each with its latency.
    func oneByOne() async throws -> Measurement {
        let message = publications(1)[0].message
        return try await measure { publisher, result in
            result.latencies.reserveCapacity(load.messageCount)
            for _ in 0..<load.messageCount {
                let start = ContinuousClock.now
                try await publisher.publish(message, routingKey: Load.queue)
                result.latencies.append(ContinuousClock.now - start)
            }
        }
    }

    /// In batches of a quarter of the window. Twice the window is asked for at a time, so the window itself is the limit.
    func inBatches() async throws -> Measurement {
        let batchSize = max(1, load.window / 4)
        let batch = publications(batchSize)
        return try await inParallel(min(8, load.window), step: batchSize) { publisher, count in
            let outcomes = await publisher.publish(contentsOf: count == batchSize ? batch : Array(batch.prefix(count)))
            for outcome in outcomes where !outcome.isConfirmed { throw outcome.error ?? Unconfirmed() }
        }
    }

    /// From as many tasks as the window is wide.
    func inTasks() async throws -> Measurement {
        let message = publications(1)[0].message
        return try await inParallel(load.window, step: 1) { publisher, _ in
            try await publisher.publish(message, routingKey: Load.queue)
        }
    }

    /// Lets tasks take messages from a common count until it is used up.
    private func inParallel(
        _ taskCount: Int, step: Int, _ publish: @escaping @Sendable (Publisher, Int) async throws -> Void
    ) async throws -> Measurement {
        let total = load.messageCount
        return try await measure { publisher, _ in
            let taken = TakenCount()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<taskCount {
                    group.addTask {
                        while let count = taken.take(step, of: total) { try await publish(publisher, count) }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    private func measure(
        _ section: (Publisher, inout Measurement) async throws -> Void
    ) async throws -> Measurement {
        let connection = try await Connection.connect(endpoint.configuration)
        var options = PublisherOptions()
        options.windowCountMax = load.window
        let publisher = try await connection.makePublisher(options)
        let measurement = try await Measurement.take(count: load.messageCount, server: endpoint.processID) { result in
            try await section(publisher, &result)
        }
        _ = await connection.close()
        return measurement
    }

    private func publications(_ count: Int) -> [Publication] {
        let body = [UInt8](repeating: 0, count: load.bodySize)
        return (0..<count).map { number in
            let message = Message(body, properties: Properties(messageID: Load.messageID(number)))
            return Publication(message, routingKey: Load.queue)
        }
    }
}

/// A publish that ended without confirm and without an error of its own.
private struct Unconfirmed: Error {}

/// How much of the work has been taken by any task.
private final class TakenCount: Sendable {
    private let taken = Atomic<Int>(0)

    /// Takes up to `step`; nil once everything is taken.
    func take(_ step: Int, of total: Int) -> Int? {
        let before = taken.add(step, ordering: .relaxed).oldValue
        return before < total ? min(step, total - before) : nil
    }
}
