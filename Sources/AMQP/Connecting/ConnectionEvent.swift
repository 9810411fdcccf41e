import Telemetry

/// What happens to a connection, in the order it happens.
public enum ConnectionEvent: Sendable {
    /// Logged in. The generation counts logins from 1.
    case connected(host: ConnectionConfiguration.Host, generation: UInt64)
    /// An attempt failed; the next one follows after the pause.
    case connectFailed(host: ConnectionConfiguration.Host, AMQPError, retryIn: Duration)
    /// The connection is gone: heartbeat loss, `connection.close`, the end of the socket.
    case disconnected(AMQPError)
    /// Topology, publishers and consumers of this generation are in place, consumers with their `consume-ok`.
    /// Those named, declarations among them, could not be restored yet and go on trying by themselves.
    case recovered(generation: UInt64, stillFailing: [String])
    /// One declaration could not be restored after a reconnect. The others are not affected, and it is tried again with
    /// growing pauses, up to 30 s, unless the broker answered it by closing the connection.
    case topologyFailed(entity: String, AMQPError)
    /// The broker blocks publishing, for a resource alarm. Publishers wait.
    case blocked(reason: String)
    /// Publishing goes on.
    case unblocked
    /// The broker closed one channel; its owner opens another.
    case channelClosed(owner: String, AMQPError)
    /// The broker cancelled a consumer, as when its queue was deleted. It subscribes again by itself.
    case consumerCancelled(queue: String)
    /// A consumer could not subscribe and tries again after the pause.
    case consumerFailed(queue: String, AMQPError, retryIn: Duration)
    /// A consumer has its `consume-ok`.
    case consumerUp(queue: String)
    /// A mandatory message found no queue.
    case returned(exchange: String, routingKey: String, code: UInt16, reason: String)
    /// A message cannot be put into frames and was not sent: a string over 255 bytes, a body over the limit.
    case publishRefused(exchange: String, routingKey: String, AMQPError)
    /// A body over the limit came in and was rejected without requeue.
    case oversizedRejected(queue: String, byteCount: UInt64)
    /// Closed by its owner. The last event.
    case closed
}

/// Passes events on to everybody who listens. A slow listener loses the oldest events, never the connection its pace.
final class EventBroadcast: Sendable {
    private struct Listeners {
        var continuations: [UInt64: AsyncStream<ConnectionEvent>.Continuation] = [:]
        var next: UInt64 = 0
        var isFinished = false
    }

    private static let bufferedEventMax = 1024
    private let listeners = Lock(Listeners())

    func stream() -> AsyncStream<ConnectionEvent> {
        let (stream, continuation) = AsyncStream<ConnectionEvent>.makeStream(
            bufferingPolicy: .bufferingNewest(Self.bufferedEventMax))
        let id = listeners.withLock { listeners -> UInt64? in
            guard !listeners.isFinished else { return nil }
            defer { listeners.next += 1 }
            listeners.continuations[listeners.next] = continuation
            return listeners.next
        }
        guard let id else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in
            _ = self?.listeners.withLock { $0.continuations.removeValue(forKey: id) }
        }
        return stream
    }

    func send(_ event: ConnectionEvent) {
        let continuations = listeners.withLock { Array($0.continuations.values) }
        for continuation in continuations { continuation.yield(event) }
    }

    func finish() {
        let continuations = listeners.withLock { listeners in
            listeners.isFinished = true
            return Array(listeners.continuations.values)
        }
        for continuation in continuations { continuation.finish() }
    }
}
