/// What went wrong on a connection, a channel or with one message.
///
/// `description` is safe to log: it carries the broker's text, names and numbers, never a body or a password.
/// `debugDescription` adds the cause.
public struct AMQPError: Error, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    /// The kind of failure, stable across versions. New codes may be added.
    public enum Code: String, Sendable, Hashable {
        /// No host answered, or the name did not resolve.
        case unreachable
        /// TLS could not be set up: an untrusted certificate, another host name, no common version.
        case tlsFailed
        /// The user or the password is wrong, or the mechanism is not offered (403 during login).
        case authenticationFailed
        /// The virtual host does not exist (530 during open).
        case virtualHostNotFound
        /// The user lacks the permission (403 on a channel, 530 when opening the virtual host).
        case accessRefused
        /// A queue or exchange is not there (404).
        case notFound
        /// A declaration or an argument differs from what exists (406).
        case preconditionFailed
        /// A queue is exclusive to another connection (405).
        case resourceLocked
        /// The broker closed the channel for another reason; `replyCode` tells which.
        case channelClosed
        /// The broker closed the connection, or the socket ended.
        case connectionClosed
        /// Nothing was heard from the broker for two heartbeat intervals.
        case heartbeatLost
        /// The bytes received are not AMQP 0-9-1.
        case protocolViolation
        /// A deadline passed; see the message for whose.
        case timedOut
        /// The task was cancelled.
        case cancelled
        /// The body is larger than the configured limit, or larger than the broker's.
        case messageTooLarge
        /// An argument cannot be put into a frame: a short string over 255 bytes, a table over the frame size.
        case invalidArgument
        /// The message went out and no mandatory queue took it; `replyCode` and the message tell why.
        case returned
        /// The broker could not take responsibility for the message (`basic.nack`).
        case nacked
        /// The message may or may not have reached the queue: the connection ended, or no confirm came in time.
        case unknownOutcome
        /// The connection, publisher or consumer was closed by its owner.
        case closed
    }

    /// The kind of failure.
    public let code: Code
    /// What failed, why, and where one is known the remedy.
    public let message: String
    /// The broker's reply code, where the broker spoke (AMQP 0-9-1, section 1.2).
    public let replyCode: UInt16?
    /// What caused it, where something else did.
    public let cause: (any Error)?

    /// Makes an error; users of the library only read them.
    public init(_ code: Code, _ message: String, replyCode: UInt16? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.replyCode = replyCode
        self.cause = cause
    }

    /// Whether the same call can succeed later without anybody changing anything.
    ///
    /// A message whose outcome is unknown can be sent again only if its receiver drops duplicates, as an inbox does.
    public var isRetriable: Bool {
        switch code {
        case .unreachable, .connectionClosed, .heartbeatLost, .timedOut, .nacked, .unknownOutcome, .channelClosed,
            .resourceLocked:
            true
        case .tlsFailed, .authenticationFailed, .virtualHostNotFound, .accessRefused, .notFound, .preconditionFailed,
            .protocolViolation, .cancelled, .messageTooLarge, .invalidArgument, .returned, .closed:
            false
        }
    }

    public var description: String {
        if let replyCode { "\(code.rawValue) (\(replyCode)): \(message)" } else { "\(code.rawValue): \(message)" }
    }

    public var debugDescription: String {
        if let cause { "\(description); caused by \(String(reflecting: cause))" } else { description }
    }
}

extension AMQPError {
    /// The error a `connection.close` or `channel.close` stands for (AMQP 0-9-1, section 1.2, reply codes).
    static func fromBroker(replyCode: UInt16, text: String, on scope: CloseScope) -> AMQPError {
        let code: Code =
            switch (replyCode, scope) {
            case (403, .login): .authenticationFailed
            case (403, _): .accessRefused
            case (404, _): .notFound
            case (405, _): .resourceLocked
            case (406, _) where text.contains("larger than"): .messageTooLarge
            case (406, _): .preconditionFailed
            case (530, _) where text.contains("not found"): .virtualHostNotFound
            // A virtual host that is down or full takes connections again later.
            case (530, _) where text.hasSuffix("is down") || text.contains("limit"): .connectionClosed
            case (530, _) where text.contains("refused"): .accessRefused
            case (_, .channel): .channelClosed
            case (_, .connection), (_, .login): .connectionClosed
            }
        return AMQPError(code, text, replyCode: replyCode)
    }

    /// The reply codes with which a broker ends a connection for a declaration: a field it cannot read, an invalid command, not
    /// allowed, not implemented, an internal error as of a plugin (AMQP 0-9-1, section 1.2).
    static let causedByDeclarations: Set<UInt16> = [502, 503, 530, 540, 541]

    /// What the broker closed.
    enum CloseScope {
        case login, connection, channel
    }
}
