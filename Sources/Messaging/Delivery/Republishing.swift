/// What a message looks like when it is published again: to a wait queue, to a dead queue, or back out of one.
extension WireMessage {
    /// The longest text of an error that travels with a message, in bytes.
    public static let errorByteCountMax = 1024

    /// The message for a wait queue, after a failed attempt.
    ///
    /// - Parameters:
    ///   - failedAttempt: the attempt that failed, counted from 1.
    ///   - error: what went wrong, in words that are safe to show.
    ///   - now: milliseconds since 1970.
    ///   - user: the user who publishes it now.
    public func forRetry(failedAttempt: Int, error: String, now: Int64, user: String) -> WireMessage {
        republished(attempt: failedAttempt + 1, error: error, now: now, user: user)
    }

    /// The message for a dead queue.
    ///
    /// - Parameter attempt: the attempts it has had, counted from 1; its number is not raised any more.
    public func forDeadQueue(reason: DeadReason, attempt: Int, error: String, now: Int64, user: String) -> WireMessage {
        var message = republished(attempt: attempt, error: error, now: now, user: user)
        message.headers[HeaderName.deadReason] = .string(reason.rawValue)
        return message
    }

    /// The message for a wait queue while its type is paused: nothing failed, so nothing is counted.
    public func forHolding(user: String) -> WireMessage {
        var message = self
        message.prepareForPublishing(user: user)
        return message
    }

    /// The message out of a dead queue, as if it were delivered for the first time.
    public func forRedrive(user: String) -> WireMessage {
        var message = self
        message.prepareForPublishing(user: user)
        for name in [HeaderName.attempt, HeaderName.firstFailureAt, HeaderName.lastError, HeaderName.deadReason] {
            message.headers[name] = nil
        }
        return message
    }

    private func republished(attempt: Int, error: String, now: Int64, user: String) -> WireMessage {
        var message = self
        message.prepareForPublishing(user: user)
        if message.headers[HeaderName.firstFailureAt] == nil {
            message.headers[HeaderName.firstFailureAt] = .string(UnixTime.text(milliseconds: now))
        }
        message.headers[HeaderName.attempt] = .integer(Int64(attempt))
        message.headers[HeaderName.lastError] = .string(SafeText.line(error, byteCountMax: Self.errorByteCountMax))
        return message
    }

    /// Takes off what must not travel twice and keeps who sent it first.
    ///
    /// Brokers from 4.0 on do not read their own death records back, so they would only grow. `CC` and `BCC` would route a
    /// second copy. The broker demands that the user is the one who publishes.
    private mutating func prepareForPublishing(user: String) {
        headers.removeAll { header in
            header.name.utf8.starts(with: "x-".utf8) || header.name == "CC" || header.name == "BCC"
        }
        if headers[HeaderName.sender] == nil {
            headers[HeaderName.sender] = properties.userID.map { .string($0) }
        }
        properties.userID = user
        properties.isPersistent = true
    }
}
