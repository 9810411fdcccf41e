/// A message from a queue, to be settled once by the one who handles it.
///
/// Settling is immediate and never waits: acks travel in the next write, joined with their neighbours. After a reconnect
/// the broker delivers again what was not settled, and settling the old delivery does nothing.
public struct Delivery: Sendable {
    /// The exchange it was published to; empty for the default exchange.
    public let exchange: String
    public let routingKey: String
    /// Whether it may have been delivered before.
    public let isRedelivered: Bool
    public let body: [UInt8]
    let encodedProperties: [UInt8]
    let tag: UInt64
    /// Which channel of its consumer the tag belongs to.
    let incarnation: UInt64
    let shell: ConsumerShell

    /// The properties, decoded at every call: keep the result.
    ///
    /// Their form was checked on arrival, so decoding cannot fail any more.
    public var properties: Properties { Properties(decoding: encodedProperties) ?? Properties() }

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
