/// What is to be done once a session's lock has been released.
struct Effects {
    var resumptions: [Resumption] = []
    /// Tasks that wait for the connection to move on, not for an answer.
    var waiters: [Suspension<Void>] = []
    var events: [SessionEvent] = []
    /// Whom to tell the events.
    var listen: (@Sendable (SessionEvent) -> Void)?
    var cancel: CancelRequest?
    /// How many synchronisation points were sent.
    var synchronisationCount = 0
    /// The socket's interest has to be set anew.
    var changesInterest = false

    mutating func settle(_ reply: Reply, _ outcome: Outcome) {
        if let resumption = reply.settle(outcome) { resumptions.append(resumption) }
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
