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
        message.prepareForPublishing(user: user, relays: [user, TopologyNames.tool])
        return message
    }

    /// The message out of a dead queue, as if it were delivered for the first time.
    ///
    /// - Parameters:
    ///   - owner: the user of the service whose queue it is, who buried it.
    ///   - user: the user who publishes it now.
    public func forRedrive(owner: String, user: String) -> WireMessage {
        var message = self
        message.prepareForPublishing(user: user, relays: [owner, user])
        for name in [HeaderName.attempt, HeaderName.firstFailureAt, HeaderName.lastError, HeaderName.deadReason] {
            message.headers[name] = nil
        }
        return message
    }

    /// What of the message can be published where the whole cannot: a text that is no UTF-8 grows when it is read, and headers
    /// that fill a frame have no room for ours. The body is whole.
    ///
    /// - Parameter problem: why it cannot be published as it is.
    public func remnant(because problem: String) -> WireMessage {
        var message = self
        for property in MessageProperties.texts {
            guard let text = message.properties[keyPath: property] else { continue }
            if text.utf8.count > MessageProperties.textByteCountMax { message.properties[keyPath: property] = nil }
        }
        message.headers.removeAll { header in
            guard Self.headersOfRemnant.contains(header.name), let text = header.value.text else { return true }
            return text.utf8.count > Self.errorByteCountMax
        }
        let error = [headers[HeaderName.lastError]?.text, problem].compactMap { $0 }.joined(separator: "; ")
        message.headers[HeaderName.lastError] = .string(
            SafeText.line("headers left out: \(error)", byteCountMax: Self.errorByteCountMax))
        if message.headers[HeaderName.deadReason] == nil {
            message.headers[HeaderName.deadReason] = .string(DeadReason.undecodable.rawValue)
        }
        return message
    }

    /// Those of texts alone: they tell what it was and why it is dead.
    private static let headersOfRemnant: Set<String> = [
        HeaderName.specVersion, HeaderName.eventID, HeaderName.eventType, HeaderName.source, HeaderName.sender,
        HeaderName.deadReason, HeaderName.lastError, HeaderName.firstFailureAt,
    ]

    private func republished(attempt: Int, error: String, now: Int64, user: String) -> WireMessage {
        var message = self
        message.prepareForPublishing(user: user, relays: [user, TopologyNames.tool])
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
    ///
    /// - Parameter relays: who is believed when they say who sent it first. What anybody else says of that is replaced by who
    ///   they are: else it would be believed from now on.
    private mutating func prepareForPublishing(user: String, relays: Set<String>) {
        headers.removeAll { header in
            header.name.utf8.starts(with: "x-".utf8) || header.name == "CC" || header.name == "BCC"
        }
        if headers[HeaderName.sender] == nil || !(properties.userID.map(relays.contains) ?? false) {
            headers[HeaderName.sender] = properties.userID.map { .string($0) }
        }
        properties.userID = user
        properties.isPersistent = true
    }
}
