/// A message from a queue, to be settled once by the one who handles it.
///
/// Settling is immediate and never waits: acks travel in the next write, joined with their neighbours. After a reconnect
/// the broker delivers again what was not settled, and settling the old delivery does nothing.
public struct Delivery: Sendable {
    /// All of it in one object, so that handing a delivery on costs one reference.
    private final class Storage: Sendable {
        let head: DeliveryHead
        let body: [UInt8]
        let properties: ReceivedProperties
        let incarnation: UInt64
        let shell: ConsumerShell

        init(
            _ head: DeliveryHead, _ content: consuming ContentAssembler.Content, _ incarnation: UInt64,
            _ shell: ConsumerShell
        ) {
            self.head = head
            body = content.body
            properties = content.properties
            self.incarnation = incarnation
            self.shell = shell
        }
    }

    private let storage: Storage

    init(
        _ head: DeliveryHead, _ content: consuming ContentAssembler.Content, incarnation: UInt64,
        of shell: ConsumerShell
    ) {
        storage = Storage(head, content, incarnation, shell)
    }

    /// The exchange it was published to; empty for the default exchange.
    public var exchange: String { storage.head.exchange }
    public var routingKey: String { storage.head.routingKey }
    /// Whether it may have been delivered before.
    public var isRedelivered: Bool { storage.head.redelivered }
    public var body: [UInt8] { storage.body }
    var tag: UInt64 { storage.head.tag }
    /// Which channel of its consumer the tag belongs to.
    var incarnation: UInt64 { storage.incarnation }
    private var shell: ConsumerShell { storage.shell }

    public var properties: Properties { storage.properties.value }

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
