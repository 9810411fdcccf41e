/// Decides, for one publisher, what is sent, what waits, and how each publish ends.
///
/// A value without I/O: the shell holds it under a lock, performs what it returns, and completes tokens outside the lock.
/// `Token` stands for whoever awaits the outcome.
struct PublishMachine<Token: Sendable>: Sendable {
    /// How much may be unconfirmed at a time.
    struct Window: Sendable {
        var countMax: Int
        var byteCountMax: Int
    }

    /// A publish that has been asked for and not been sent.
    struct Request: Sendable {
        var id: UInt64
        var message: Message
        var exchange: String
        var routingKey: String
        var isMandatory: Bool
        /// Nanoseconds on the monotonic clock at which the caller asked.
        var submittedAt: UInt64
        var token: Token
    }

    /// A publish that is on the wire and not confirmed.
    private struct Pending: Sendable {
        var id: UInt64
        var token: Token
        var messageID: String?
        var exchange: String
        var routingKey: String
        var byteCount: Int
        var submittedAt: UInt64
        var returned: PublishOutcome?
        /// Its waiter has been told that no confirm came; only the number is still open.
        var isExpired = false
    }

    /// An outcome to tell to whoever waits.
    struct Completion: Sendable {
        var token: Token
        var outcome: PublishOutcome
        var submittedAt: UInt64
    }

    /// Where the channel stands.
    private enum Channel {
        /// No channel is open: everything waits. Left by `attached`.
        case detached
        /// The channel takes messages. Left by `detached`, `blocked`.
        case open
        /// The broker said `connection.blocked`, or `channel.flow` off. Left by `unblocked`, `detached`.
        case blocked
        /// Nothing more is accepted. Final.
        case closed
    }

    private let window: Window
    /// Nanoseconds after which a publish that is neither confirmed nor refused is given up.
    private let timeout: UInt64
    private var channel = Channel.detached
    private var pending = ConfirmRing<Pending>()
    private var pendingByteCount = 0
    private var waiting: [Request] = []
    private var waitingHead = 0

    init(window: Window, timeout: UInt64) {
        self.window = window
        self.timeout = timeout
    }

    var pendingCount: Int { pending.openCount }
    var waitingCount: Int { waiting.count - waitingHead }
    var isIdle: Bool { pendingCount == 0 && waitingCount == 0 }

    /// Whether `nextToSend` would return something.
    var canSend: Bool {
        guard case .open = channel, waitingHead < waiting.count, pending.openCount < window.countMax else {
            return false
        }
        // A message larger than the window goes alone, or it would wait for ever.
        return pendingByteCount + waiting[waitingHead].message.body.count <= window.byteCountMax
            || pending.openCount == 0
    }

    /// Takes a new publish into the queue; `nextToSend` says when it may go.
    ///
    /// - Returns: false once closed.
    mutating func submit(_ request: Request) -> Bool {
        if case .closed = channel { return false }
        waiting.append(request)
        return true
    }

    /// The next publish that the window and the channel allow. The caller encodes it at once, in this order.
    mutating func nextToSend() -> Request? {
        guard canSend else { return nil }
        let request = waiting[waitingHead]
        waitingHead += 1
        compactWaiting()
        let byteCount = request.message.body.count
        pendingByteCount += byteCount
        _ = pending.append(
            Pending(
                id: request.id, token: request.token, messageID: request.message.properties.messageID,
                exchange: request.exchange, routingKey: request.routingKey, byteCount: byteCount,
                submittedAt: request.submittedAt))
        return request
    }

    /// The publish just taken by `nextToSend` could not be encoded: it never gets a number on the wire.
    ///
    /// The caller rolled the bytes back; the entry is the newest, so the broker's count stays in step.
    mutating func withdrawLast() {
        pending.withdrawLast { pendingByteCount -= $0.byteCount }
    }

    /// A new channel in confirm mode is there.
    mutating func attached(blocked: Bool) {
        guard case .detached = channel else { return }
        channel = blocked ? .blocked : .open
    }

    /// The channel is gone: whatever was on the wire has an unknown outcome, whatever waited goes on waiting.
    mutating func detached(_ error: AMQPError) -> [Completion] {
        if case .closed = channel { return [] }
        channel = .detached
        return failPending(error)
    }

    /// The channel takes nothing more; `detached` will follow.
    mutating func paused() {
        if case .closed = channel { return }
        channel = .detached
    }

    mutating func blocked() {
        if case .open = channel { channel = .blocked }
    }

    mutating func unblocked() {
        if case .blocked = channel { channel = .open }
    }

    /// Nothing more is accepted; everything open is told so.
    mutating func close(_ error: AMQPError) -> [Completion] {
        var completions = failPending(error)
        for request in waiting[waitingHead...] {
            completions.append(
                Completion(token: request.token, outcome: .notSent(error), submittedAt: request.submittedAt))
        }
        waiting = []
        waitingHead = 0
        channel = .closed
        return completions
    }

    /// The broker confirmed or refused. A returned message stays returned though it is acked.
    ///
    /// - Returns: false where the number was not open.
    mutating func settled(
        _ number: UInt64, multiple: Bool, acked: Bool, _ complete: (Completion) -> Void
    ) -> Bool {
        pending.settle(number, multiple: multiple) { entry in
            pendingByteCount -= entry.byteCount
            let outcome = entry.returned ?? (acked ? .confirmed : .nacked)
            complete(Completion(token: entry.token, outcome: outcome, submittedAt: entry.submittedAt))
        }
    }

    /// The broker returned a message. It names no number, so the oldest open publish to the same place with the same
    /// message id is meant; every publish has an id.
    mutating func returned(_ head: ReturnHead, messageID: String?) -> Bool {
        let outcome = PublishOutcome.returned(code: head.code, reason: head.text)
        return pending.updateFirst { entry in
            entry.returned == nil && entry.messageID == messageID && entry.routingKey == head.routingKey
                && entry.exchange == head.exchange
        } _: { entry in
            entry.returned = outcome
        }
    }

    /// The caller no longer waits. A publish not yet sent is withdrawn; one on the wire has an unknown outcome.
    mutating func cancel(id: UInt64, where token: (Token) -> Void, abandoned: Token) -> PublishOutcome? {
        let error = AMQPError(.cancelled, "the publishing task was cancelled")
        if let index = waiting[waitingHead...].firstIndex(where: { $0.id == id }) {
            token(waiting.remove(at: index).token)
            return .notSent(error)
        }
        let found = pending.updateFirst {
            $0.id == id
        } _: { entry in
            token(entry.token)
            entry.token = abandoned
        }
        return found ? .unknown(error) : nil
    }

    /// Gives up what is past its deadline. A publish on the wire keeps its number, for a confirm may still come.
    mutating func expire(now: UInt64, abandoned: Token) -> [Completion] {
        var completions: [Completion] = []
        while waitingHead < waiting.count, waiting[waitingHead].submittedAt + timeout <= now {
            let request = waiting[waitingHead]
            waitingHead += 1
            let error = AMQPError(.timedOut, waitReason)
            completions.append(
                Completion(token: request.token, outcome: .notSent(error), submittedAt: request.submittedAt))
        }
        compactWaiting()
        let error = AMQPError(.timedOut, "no confirm came within the publish timeout")
        pending.forEachWhile { entry in
            guard entry.submittedAt + timeout <= now else { return false }
            if !entry.isExpired {
                completions.append(
                    Completion(token: entry.token, outcome: .unknown(error), submittedAt: entry.submittedAt))
                entry.token = abandoned
                entry.isExpired = true
            }
            return true
        }
        return completions
    }

    /// When `expire` has something to do next, in nanoseconds; nil while nothing is open.
    var nextDeadline: UInt64? {
        let waitingSince = waitingHead < waiting.count ? waiting[waitingHead].submittedAt : nil
        let pendingSince = pending.firstOpen { !$0.isExpired }?.submittedAt
        guard let since = [waitingSince, pendingSince].compactMap({ $0 }).min() else { return nil }
        return since + timeout
    }

    private var waitReason: String {
        switch channel {
        case .detached: "not sent within the publish timeout: there is no connection"
        case .blocked: "not sent within the publish timeout: the broker has blocked publishing (a resource alarm)"
        case .open: "not sent within the publish timeout: the window of unconfirmed publishes stayed full"
        case .closed: "not sent: the publisher is closed"
        }
    }

    private mutating func failPending(_ error: AMQPError) -> [Completion] {
        var completions: [Completion] = []
        pending.removeAll { entry in
            completions.append(
                Completion(
                    token: entry.token, outcome: entry.returned ?? .unknown(error), submittedAt: entry.submittedAt))
        }
        pendingByteCount = 0
        return completions
    }

    private mutating func compactWaiting() {
        if waitingHead == waiting.count {
            waiting.removeAll(keepingCapacity: waiting.count < 4096)
            waitingHead = 0
        } else if waitingHead > 1024, waitingHead * 2 > waiting.count {
            waiting.removeSubrange(0..<waitingHead)
            waitingHead = 0
        }
    }
}
