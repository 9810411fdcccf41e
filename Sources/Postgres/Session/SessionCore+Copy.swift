extension SessionCore {
    /// The socket is ready during a COPY: whoever runs it goes on.
    mutating func moveCopy(_ effects: inout Effects) {
        guard let waiter = copyWaiter.take() else { return }
        effects.waiters.append(waiter)
        effects.changesInterest = true
    }
}
