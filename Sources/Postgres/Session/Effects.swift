/// What is to be done once a session's lock has been released.
struct Effects {
    /// Nothing is to be done; the common case of a statement that waits to be flushed.
    private(set) var isQuiet = true
    private(set) var resumptions: [Resumption] = []
    /// Tasks that wait for the connection to move on, not for an answer.
    private(set) var waiters: [Suspension<Void>] = []
    private(set) var events: [SessionEvent] = []
    /// Whom to tell the events.
    private(set) var listen: (@Sendable (SessionEvent) -> Void)?
    private(set) var cancel: CancelRequest?
    /// How many synchronisation points were sent.
    private(set) var synchronisationCount = 0
    /// The socket's interest has to be set anew, which is done while the lock is still held.
    var changesInterest = false

    mutating func settle(_ reply: Reply, _ outcome: Outcome) {
        guard let resumption = reply.settle(outcome) else { return }
        if resumptions.isEmpty { resumptions.reserveCapacity(16) }
        resumptions.append(resumption)
        isQuiet = false
    }

    mutating func wake(_ waiter: Suspension<Void>) {
        waiters.append(waiter)
        isQuiet = false
    }

    mutating func tell(_ event: SessionEvent, _ listen: (@Sendable (SessionEvent) -> Void)?) {
        events.append(event)
        self.listen = listen
        isQuiet = false
    }

    mutating func send(_ cancel: CancelRequest) {
        self.cancel = cancel
        isQuiet = false
    }

    mutating func sentSynchronisation() {
        synchronisationCount += 1
        isQuiet = false
    }
}

/// A request to stop what a connection is doing, on its way to another thread.
final class CancelRequest: Sendable {
    private let handle: CancelHandle

    init(_ handle: consuming CancelHandle) {
        self.handle = handle
    }

    func send() {
        _ = handle.send()
    }
}
