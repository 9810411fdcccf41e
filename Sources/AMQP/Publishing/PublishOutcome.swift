/// How one publish ended. Only `confirmed` means that the message is in every queue it was routed to.
public enum PublishOutcome: Sendable {
    /// The broker took responsibility for the message.
    case confirmed
    /// The message was mandatory and no queue took it; the broker dropped it. 312 is "no route".
    case returned(code: UInt16, reason: String)
    /// The broker could not take it, as when a queue is full and rejects publishing. It may be sent again.
    case nacked
    /// The connection ended, no confirm came in time, or the caller stopped waiting: it may or may not be in the queue.
    case unknown(AMQPError)
    /// It never left this process.
    case notSent(AMQPError)

    /// Whether the broker took responsibility.
    public var isConfirmed: Bool {
        if case .confirmed = self { true } else { false }
    }

    /// The outcome as an error, nil where it is `confirmed`.
    public var error: AMQPError? {
        switch self {
        case .confirmed: nil
        case .returned(let code, let reason):
            AMQPError(.returned, "the broker could not route the message: \(reason)", replyCode: code)
        case .nacked: AMQPError(.nacked, "the broker refused the message; a queue may be full")
        case .unknown(let cause):
            AMQPError(.unknownOutcome, "whether the message arrived is unknown: \(cause.message)", cause: cause)
        case .notSent(let cause): cause
        }
    }
}
