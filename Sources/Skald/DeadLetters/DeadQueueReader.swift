import AMQP
import Messaging

/// Looks through a dead queue: takes each message once, and gives back at the end what nobody removed.
///
/// A broker hands out only so many messages before it wants an answer, and a message that is given back would come again.
/// So those passed over are kept by a consumer each hundred of them has, until the end.
final class DeadQueueReader {
    /// The work queue whose dead letters these are.
    let queue: String
    private let connection: Connection
    private var remainingCount: Int
    private var consumers: [Consumer] = []
    /// How many messages the newest consumer still may hold.
    private var room = 0
    private var waiting: [Delivery] = []
    /// How many messages the consumers hold.
    private var heldCount = 0

    private static let prefetchCount = 200
    /// How long to wait for what we were told is there before we ask again: somebody else may have taken it.
    private let patience: Duration

    private static let usualPatience = Duration.seconds(5)
    /// How long a broker may have letters and hand out none.
    private static let standstillMax = Duration.seconds(60)

    /// - Throws: a `Failure` that says which queue is not there.
    init(_ queue: String, on connection: Connection, patience: Duration = usualPatience) async throws {
        self.queue = queue
        self.connection = connection
        self.patience = patience
        remainingCount = try await Self.readyCount(of: queue, on: connection)
    }

    /// How many letters nobody holds.
    private static func readyCount(of queue: String, on connection: Connection) async throws(Failure) -> Int {
        do throws(AMQPError) {
            return try await connection.status(ofQueue: TopologyNames.deadQueue(of: queue)).messageCount
        } catch {
            guard error.code == .notFound else { throw Failure(.unavailable, "\(error)") }
            throw Failure(
                .failed, "there is no queue \(TopologyNames.deadQueue(of: queue))",
                remedy: "`skald topology diff` shows what the broker lacks.")
        }
    }

    /// The next message, nil at the end.
    ///
    /// - Throws: a `Failure` where the broker has letters and hands out none.
    func next() async throws -> (letter: DeadLetter, delivery: Delivery)? {
        if waiting.isEmpty, remainingCount > 0 { waiting = try await take() }
        guard !waiting.isEmpty else { return nil }
        let delivery = waiting.removeFirst()
        remainingCount -= 1
        return (DeadLetter(delivery, from: queue), delivery)
    }

    /// Tells that a message was removed, so its consumer may hold another.
    func removed() {
        room += 1
        heldCount -= 1
    }

    /// Gives back what was not removed, and waits until it is there for whoever looks next.
    func close() async {
        for consumer in consumers { await consumer.cancel(within: .zero) }
        // Not for ever: somebody else may take them at once.
        let deadline = ContinuousClock.now + Self.usualPatience
        while ContinuousClock.now < deadline {
            let status = try? await connection.status(ofQueue: TopologyNames.deadQueue(of: queue))
            guard let status, status.messageCount < heldCount else { return }
            do { try await Task.sleep(for: .milliseconds(20)) } catch { return }
        }
    }

    /// - Returns: nothing once there is nothing more to hand out.
    private func take() async throws -> [Delivery] {
        if room == 0 {
            var options = ConsumerOptions()
            options.prefetchCount = UInt16(Self.prefetchCount)
            consumers.append(try await connection.consume(TopologyNames.deadQueue(of: queue), options))
            room = Self.prefetchCount
        }
        guard let consumer = consumers.last else { return [] }
        let countMax = min(room, remainingCount)
        let batch = try await withThrowingTaskGroup(of: [Delivery]?.self) { [queue, connection, patience] group in
            group.addTask { await consumer.nextBatch(countMax: countMax) }
            group.addTask {
                try await Self.untilNoneIsReady(in: queue, on: connection, patience: patience)
                return nil
            }
            let first = try await group.next().flatMap { $0 }
            // It ends the consumer, too, if that waits still.
            group.cancelAll()
            guard let batch = first else { return try await group.next().flatMap { $0 } ?? [] }
            guard batch.isEmpty, !Task.isCancelled else { return batch }
            throw Failure(
                .unavailable, "the broker hands out no more letters of \(TopologyNames.deadQueue(of: queue))",
                remedy: "They stay where they are; see whether the queue is there and try again.")
        }
        room -= batch.count
        heldCount += batch.count
        return batch
    }

    /// Waits while there are letters that the broker may still hand out.
    ///
    /// - Throws: a `Failure` where it has some and does not for long.
    private static func untilNoneIsReady(
        in queue: String, on connection: Connection, patience: Duration
    ) async throws {
        let deadline = ContinuousClock.now + standstillMax
        while true {
            try await Task.sleep(for: patience)
            let count = try await readyCount(of: queue, on: connection)
            // What the broker had sent before it answered is here in a moment.
            if count == 0 { return try await Task.sleep(for: .milliseconds(100)) }
            guard ContinuousClock.now < deadline else {
                throw Failure(
                    .unavailable,
                    "the broker hands out none of the \(count) letters in \(TopologyNames.deadQueue(of: queue))",
                    remedy: "They stay where they are; try again once the broker is well.")
            }
        }
    }
}
