import Telemetry

/// How a consumer behaves.
public struct ConsumerOptions: Sendable {
    /// The most deliveries that are not settled: the bound of the buffer and of what a crash delivers again.
    public var prefetchCount: UInt16 = 250
    /// Names the consumer in the broker's tools; empty makes one.
    public var tag = ""
    /// Refuse other consumers on the queue.
    public var isExclusive = false
    public var arguments: FieldTable = [:]
    /// How long an ack may wait for its neighbours.
    public var ackDelay: Duration = .milliseconds(5)

    public init() {}
}

/// A subscription to one queue, as a sequence of deliveries. It ends when it is cancelled or its connection is closed.
///
/// At most `prefetchCount` deliveries are in the buffer and unsettled together: the broker holds the rest back. After a
/// reconnect, or when the broker cancels it, the consumer subscribes again by itself; the events tell.
///
/// Several tasks may iterate one consumer; each delivery goes to one of them. A consumer that is let go, or whose iterating
/// task is cancelled, ends its subscription at once; what it has handed out can be settled for another 25 s.
public final class Consumer: AsyncSequence, Sendable {
    public typealias Element = Delivery
    public typealias Failure = Never

    /// Takes deliveries one by one. Cancelling the iterating task cancels the consumer.
    public struct Iterator: AsyncIteratorProtocol {
        private let consumer: Consumer
        private let batch: IteratorBatch

        fileprivate init(_ consumer: Consumer) {
            self.consumer = consumer
            batch = IteratorBatch(consumer.shell)
        }

        public func next() async -> Delivery? {
            await next(isolation: #isolation)
        }

        /// Runs where its caller does: an `isolated` parameter would cost two changes of executor for each delivery.
        public func next(isolation actor: (any Actor)?) async -> Delivery? {
            if let delivery = batch.nextAtHand() { return delivery }
            return await batch.next()
        }
    }

    private let core: ConnectionCore
    let shell: ConsumerShell
    /// The queue's name.
    public let queue: String

    init(_ core: ConnectionCore, queue: String, _ options: ConsumerOptions) {
        self.core = core
        self.queue = queue
        shell = ConsumerShell(core, queue: queue, options)
    }

    deinit {
        shell.abandon()
    }

    func start() async throws(AMQPError) {
        try await shell.start()
    }

    public func makeAsyncIterator() -> Iterator {
        Iterator(self)
    }

    /// Waits for at least one delivery and takes what is there, for handlers that work on batches.
    ///
    /// - Returns: up to `countMax` deliveries in order; empty once the consumer has ended. Cancelling the task cancels the
    ///   consumer.
    public func nextBatch(countMax: Int) async -> [Delivery] {
        await shell.nextRuns(countMax: countMax).deliveries
    }

    /// Stops the subscription, gives back what has not been handed out, and waits until what was handed out is settled,
    /// at most this long. Then the channel is closed, and the broker delivers the rest again to others. One that no longer
    /// answers is waited for at most 5 s more.
    public func cancel(within limit: Duration = .seconds(25)) async {
        _ = await shell.cancel(within: limit)
    }
}
