/// A message from a queue, to be settled once by the one who handles it.
///
/// Settling is immediate and never waits: acks travel in the next write, joined with their neighbours. After a reconnect
/// the broker delivers again what was not settled, and settling the old delivery does nothing.
///
/// A delivery that is kept keeps those it came with, at most 256 KiB of them and one body more.
public struct Delivery: Sendable {
    let batch: DeliveryBatch
    private let index: Int

    init(at index: Int, of batch: DeliveryBatch) {
        self.batch = batch
        self.index = index
    }

    var content: ContentAssembler.Content {
        _read { yield batch.contents[index] }
    }

    var tag: UInt64 {
        guard let tag = content.head.deliveryTag else {
            preconditionFailure("a content that is not a delivery was handed out")
        }
        return tag
    }

    /// The exchange it was published to; empty for the default exchange.
    public var exchange: String { content.head.exchange }
    public var routingKey: String { content.head.routingKey }
    /// Whether it may have been delivered before.
    public var isRedelivered: Bool { content.head.isRedelivered }
    public var body: [UInt8] { content.body }
    /// Which channel of its consumer the tag belongs to.
    var incarnation: UInt64 { batch.incarnation }
    private var shell: ConsumerShell { batch.shell }

    /// Body and properties together.
    public var message: Message { Message(body, properties: properties) }

    /// The message is done with: the queue forgets it.
    public func ack() {
        shell.settle(self, .ack)
    }

    /// Gives the message back to the queue, or dead-letters it.
    ///
    /// Requeueing is not a way to retry: the message comes again at once, thousands of times a second.
    public func nack(requeue: Bool) {
        shell.settle(self, .nack(requeue: requeue))
    }

    /// As `nack`; from RabbitMQ 4.3 on only this one counts towards the delivery limit.
    public func reject(requeue: Bool) {
        shell.settle(self, .reject(requeue: requeue))
    }
}
