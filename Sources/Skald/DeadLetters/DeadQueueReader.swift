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
    /// Somebody else may take what we were told is there.
    private static let patience = Duration.seconds(5)

    /// - Throws: a `Failure` that says which queue is not there.
    init(_ queue: String, on connection: Connection) async throws {
        self.queue = queue
        self.connection = connection
        do throws(AMQPError) {
            remainingCount = try await connection.status(ofQueue: TopologyNames.deadQueue(of: queue)).messageCount
        } catch {
            guard error.code == .notFound else { throw Failure(.unavailable, "\(error)") }
            throw Failure(
                .failed, "there is no queue \(TopologyNames.deadQueue(of: queue))",
                remedy: "`skald topology diff` shows what the broker lacks.")
        }
    }

    /// The next message, nil at the end.
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
        let deadline = ContinuousClock.now + Self.patience
        while ContinuousClock.now < deadline {
            let status = try? await connection.status(ofQueue: TopologyNames.deadQueue(of: queue))
            guard let status, status.messageCount < heldCount else { return }
            do { try await Task.sleep(for: .milliseconds(20)) } catch { return }
        }
    }

    private func take() async throws -> [Delivery] {
        if room == 0 {
            var options = ConsumerOptions()
            options.prefetchCount = UInt16(Self.prefetchCount)
            consumers.append(try await connection.consume(TopologyNames.deadQueue(of: queue), options))
            room = Self.prefetchCount
        }
        guard let consumer = consumers.last else { return [] }
        let countMax = min(room, remainingCount)
        let batch = await withTaskGroup(of: [Delivery]?.self) { group in
            group.addTask { await consumer.nextBatch(countMax: countMax) }
            group.addTask {
                do { try await Task.sleep(for: Self.patience) } catch {}
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first ?? []
        }
        room -= batch.count
        heldCount += batch.count
        return batch
    }
}
