import Telemetry

/// A door that several reasons may hold shut; it is open when none does.
final class Gate: Sendable {
    /// Why nothing goes through.
    enum Reason: String, Sendable, Hashable, CaseIterable {
        /// An operator holds everything back.
        case paused
        /// The broker takes nothing.
        case blocked
    }

    private struct State {
        var reasons: Set<Reason> = []
        var waiters: [UInt64: Waiter] = [:]
        var nextWaiter: UInt64 = 0
    }

    /// Somebody who waits, for whom only some reasons count.
    private struct Waiter {
        let wantsOpen: Bool
        let counted: Set<Reason>
        let continuation: CheckedContinuation<Void, Never>

        func isDue(_ reasons: Set<Reason>) -> Bool { reasons.isDisjoint(with: counted) == wantsOpen }
    }

    private let state = Lock(State())

    var isOpen: Bool { state.withLock { $0.reasons.isEmpty } }
    /// - Parameter counted: the reasons that count for whoever asks.
    func isOpen(counting counted: Set<Reason>) -> Bool { state.withLock { $0.reasons.isDisjoint(with: counted) } }
    var reasons: Set<Reason> { state.withLock { $0.reasons } }

    func close(_ reason: Reason) { change { $0.insert(reason) } }
    func open(_ reason: Reason) { change { $0.remove(reason) } }

    func set(_ reason: Reason, _ isHeld: Bool) {
        if isHeld { close(reason) } else { open(reason) }
    }

    /// Waits until the door is open, or the task is cancelled.
    func untilOpen(counting counted: Set<Reason>) async { await wait(wantsOpen: true, counted) }

    /// Waits until the door is shut, or the task is cancelled.
    func untilClosed(counting counted: Set<Reason>) async { await wait(wantsOpen: false, counted) }

    private func change(_ body: (inout Set<Reason>) -> Void) {
        let resumed = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            body(&state.reasons)
            let due = state.waiters.filter { $0.value.isDue(state.reasons) }
            for id in due.keys { state.waiters[id] = nil }
            return due.values.map(\.continuation)
        }
        for continuation in resumed { continuation.resume() }
    }

    private func wait(wantsOpen: Bool, _ counted: Set<Reason>) async {
        let id = state.withLock { state -> UInt64 in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let waiter = Waiter(wantsOpen: wantsOpen, counted: counted, continuation: continuation)
                let isDue = state.withLock { state -> Bool in
                    // Set before the handler below runs, so that a cancellation is seen here or finds the waiter there.
                    if Task.isCancelled || waiter.isDue(state.reasons) { return true }
                    state.waiters[id] = waiter
                    return false
                }
                if isDue { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id)?.continuation }?.resume()
        }
    }
}
