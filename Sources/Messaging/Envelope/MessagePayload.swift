/// The body of a message of one type: a plain structure that knows what it is called on the wire.
public protocol MessagePayload: Codable, Sendable {
    /// Such as `kitchen.CreateTicket`.
    static var messageType: MessageType { get }
}
