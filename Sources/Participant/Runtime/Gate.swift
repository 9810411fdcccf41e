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
        var waiters: [UInt64: (wantsOpen: Bool, continuation: CheckedContinuation<Void, Never>)] = [:]
        var nextWaiter: UInt64 = 0
    }

    private let state = Lock(State())

    var isOpen: Bool { state.withLock { $0.reasons.isEmpty } }
    var reasons: Set<Reason> { state.withLock { $0.reasons } }

    func close(_ reason: Reason) { change { $0.insert(reason) } }
    func open(_ reason: Reason) { change { $0.remove(reason) } }

    func set(_ reason: Reason, _ isHeld: Bool) {
        if isHeld { close(reason) } else { open(reason) }
    }

    /// Waits until the door is open, or the task is cancelled.
    func untilOpen() async { await wait(wantsOpen: true) }

    /// Waits until the door is shut, or the task is cancelled.
    func untilClosed() async { await wait(wantsOpen: false) }

    private func change(_ body: (inout Set<Reason>) -> Void) {
        let resumed = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            body(&state.reasons)
            let isOpen = state.reasons.isEmpty
            let due = state.waiters.filter { $0.value.wantsOpen == isOpen }
            for id in due.keys { state.waiters[id] = nil }
            return due.values.map(\.continuation)
        }
        for continuation in resumed { continuation.resume() }
    }

    private func wait(wantsOpen: Bool) async {
        let id = state.withLock { state -> UInt64 in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDue = state.withLock { state -> Bool in
                    // Set before the handler below runs, so that a cancellation is seen here or finds the waiter there.
                    if Task.isCancelled || state.reasons.isEmpty == wantsOpen { return true }
                    state.waiters[id] = (wantsOpen, continuation)
                    return false
                }
                if isDue { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id)?.continuation }?.resume()
        }
    }
}
