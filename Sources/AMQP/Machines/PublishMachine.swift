/// Decides, for one publisher, what is sent, what waits, and how each publish ends.
///
/// It does no I/O: the shell holds it under a lock, performs what it returns, and completes tokens outside the lock.
/// `Token` stands for whoever awaits the outcome.
struct PublishMachine<Token: Sendable>: Sendable {
    typealias Pending = PendingPublish<Token>

    /// How much may be unconfirmed at a time.
    struct Window: Sendable {
        var countMax: Int
        var byteCountMax: Int
    }

    /// Where the channel stands.
    private enum Channel {
        /// No channel is open: everything waits. Left by `attached`.
        case detached
        /// The channel takes messages. Left by `detached`, `paused`, `blocked`.
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
    /// On the wire and not confirmed, by number.
    private var pending = ConfirmRing<Pending>()
    private var pendingByteCount = 0
    /// Asked for and not sent.
    private var waiting: [Pending] = []
    private var waitingHead = 0

    init(window: Window, timeout: UInt64) {
        self.window = window
        self.timeout = timeout
    }

    var pendingCount: Int { pending.openCount }
    var waitingCount: Int { waiting.count - waitingHead }
    var isClosed: Bool {
        if case .closed = channel { true } else { false }
    }
    var isIdle: Bool { pendingCount == 0 && waitingCount == 0 }

    /// Whether `nextToSend` would return something.
    var canSend: Bool {
        guard case .open = channel, waitingHead < waiting.count, pending.openCount < window.countMax else {
            return false
        }
        // A message larger than the window goes alone, or it would wait for ever.
        return pendingByteCount + waiting[waitingHead].byteCount <= window.byteCountMax || pending.openCount == 0
    }

    /// Takes a new publish into the queue; `nextToSend` says when it may go.
    ///
    /// - Returns: false once closed.
    mutating func submit(_ publish: Pending) -> Bool {
        if case .closed = channel { return false }
        waiting.append(publish)
        return true
    }

    /// The next publish that the window and the channel allow. The caller encodes it at once, in this order.
    mutating func nextToSend() -> Pending? {
        guard canSend else { return nil }
        let publish = waiting[waitingHead]
        waitingHead += 1
        compactWaiting()
        pendingByteCount += publish.byteCount
        _ = pending.append(publish)
        return publish
    }

    /// The publish just taken by `nextToSend` could not be encoded: it never gets a number on the wire.
    ///
    /// The caller rolled the bytes back; the entry is the newest, so the broker's count stays in step.
    mutating func withdrawLast(_ error: AMQPError) -> Pending {
        let publish = pending.withdrawLast()
        pendingByteCount -= publish.byteCount
        publish.outcome = .notSent(error)
        return publish
    }

    // MARK: The channel

    /// A new channel in confirm mode is there.
    mutating func attached(blocked: Bool) {
        guard case .detached = channel else { return }
        channel = blocked ? .blocked : .open
    }

    /// The channel takes nothing more; `detached` will follow.
    mutating func paused() {
        if case .closed = channel { return }
        channel = .detached
    }

    /// The channel is gone: whatever was on the wire has an unknown outcome, whatever waited goes on waiting.
    mutating func detached(_ error: AMQPError) -> [Pending] {
        if case .closed = channel { return [] }
        channel = .detached
        return failPending(error)
    }

    mutating func blocked() {
        if case .open = channel { channel = .blocked }
    }

    mutating func unblocked() {
        if case .blocked = channel { channel = .open }
    }

    /// Nothing more is accepted; everything open is told so.
    mutating func close(_ error: AMQPError) -> [Pending] {
        var completed = failPending(error)
        for publish in waiting[waitingHead...] {
            publish.outcome = .notSent(error)
            completed.append(publish)
        }
        waiting = []
        waitingHead = 0
        channel = .closed
        return completed
    }

    // MARK: Outcomes

    /// The broker confirmed or refused. A returned message stays returned though it is acked.
    ///
    /// - Parameter completed: where the publishes go that have their outcome now.
    /// - Returns: false where the number was not open.
    mutating func settled(_ number: UInt64, multiple: Bool, acked: Bool, into completed: inout [Pending]) -> Bool {
        pending.settle(number, multiple: multiple) { publish in
            pendingByteCount -= publish.byteCount
            if publish.outcome == nil { publish.outcome = acked ? .confirmed : .nacked }
            completed.append(publish)
        }
    }

    /// The broker returned a message. It names no number, so the oldest open and mandatory publish to the same place with
    /// the same message id is meant; every publish has an id.
    mutating func returned(_ head: ReturnHead, messageID: String?) -> Bool {
        let publish = pending.firstOpen { publish in
            publish.outcome == nil && publish.publication.isMandatory && publish.messageID == messageID
                && publish.publication.routingKey == head.routingKey && publish.publication.exchange == head.exchange
        }
        publish?.outcome = .returned(code: head.code, reason: head.text)
        return publish != nil
    }

    /// The caller no longer waits. A publish not yet sent is withdrawn; one on the wire has an unknown outcome, unless it was
    /// returned.
    ///
    /// - Returns: whom to tell what; nil where the publish has ended already.
    mutating func cancel(id: UInt64, abandoned: Token) -> (token: Token, outcome: PublishOutcome)? {
        let error = AMQPError(.cancelled, "the publishing task was cancelled")
        if let index = waiting[waitingHead...].firstIndex(where: { $0.id == id }) {
            return (waiting.remove(at: index).token, .notSent(error))
        }
        guard let publish = pending.firstOpen(where: { $0.id == id }) else { return nil }
        guard !publish.isExpired else { return nil }
        defer { publish.abandon(abandoned) }
        return (publish.token, publish.outcome ?? .unknown(error))
    }

    /// Gives up what is past its deadline. A publish on the wire keeps its number, for a confirm may still come.
    ///
    /// - Returns: whom to tell what.
    mutating func expire(now: UInt64, abandoned: Token) -> [(token: Token, outcome: PublishOutcome)] {
        guard let deadline = nextDeadline, deadline <= now else { return [] }
        var told: [(Token, PublishOutcome)] = []
        while waitingHead < waiting.count, waiting[waitingHead].submittedAt + timeout <= now {
            told.append((waiting[waitingHead].token, .notSent(AMQPError(.timedOut, waitReason))))
            waitingHead += 1
        }
        compactWaiting()
        while let publish = pending.firstOpen(where: { !$0.isExpired }), publish.submittedAt + timeout <= now {
            let error = AMQPError(.timedOut, "no confirm came within the publish timeout")
            told.append((publish.token, publish.outcome ?? .unknown(error)))
            publish.abandon(abandoned)
        }
        return told
    }

    /// When `expire` has something to do next, in nanoseconds; nil while nothing is open.
    var nextDeadline: UInt64? {
        let waitingSince = waitingHead < waiting.count ? waiting[waitingHead].submittedAt : nil
        let pendingSince = pending.firstOpen { !$0.isExpired }?.submittedAt
        switch (waitingSince, pendingSince) {
        case (let first?, let second?): return min(first, second) + timeout
        case (let since?, nil), (nil, let since?): return since + timeout
        case (nil, nil): return nil
        }
    }

    private var waitReason: String {
        switch channel {
        case .detached: "not sent within the publish timeout: there is no connection"
        case .blocked: "not sent within the publish timeout: the broker has blocked publishing (a resource alarm)"
        case .open: "not sent within the publish timeout: the window of unconfirmed publishes stayed full"
        case .closed: "not sent: the publisher is closed"
        }
    }

    private mutating func failPending(_ error: AMQPError) -> [Pending] {
        var completed: [Pending] = []
        pending.removeAll { publish in
            if publish.outcome == nil { publish.outcome = .unknown(error) }
            completed.append(publish)
        }
        pendingByteCount = 0
        return completed
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
