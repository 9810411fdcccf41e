import Telemetry

extension EventLoop {
    /// Suspends the calling task for at least this long. Unlike `Task.sleep` it wakes no other thread, neither when it begins
    /// nor when it is cancelled, if the task runs on this executor.
    ///
    /// - Throws: `CancellationError` as soon as the task is cancelled.
    public func pause(for duration: Duration) async throws(CancellationError) {
        let nap = Nap()
        let timer = schedule(at: .now() + duration) { nap.end(isOver: true) }
        let isOver = await withTaskCancellationHandler {
            await withCheckedContinuation { nap.begin($0) }
        } onCancel: {
            nap.end(isOver: false)
        }
        guard !isOver else { return }
        callOff(timer)
        throw CancellationError()
    }
}

/// One sleeping task: ended once, by its timer or by its cancellation, maybe before it sleeps.
private final class Nap: Sendable {
    private enum State {
        case beginning
        case sleeping(CheckedContinuation<Bool, Never>)
        case ended(isOver: Bool)
    }

    private let state = Lock(State.beginning)

    func begin(_ continuation: CheckedContinuation<Bool, Never>) {
        let isOver = state.withLock { state -> Bool? in
            if case .ended(let isOver) = state { return isOver }
            state = .sleeping(continuation)
            return nil
        }
        if let isOver { continuation.resume(returning: isOver) }
    }

    func end(isOver: Bool) {
        let sleeping = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            switch state {
            case .beginning:
                state = .ended(isOver: isOver)
                return nil
            case .sleeping(let continuation):
                state = .ended(isOver: isOver)
                return continuation
            case .ended: return nil
            }
        }
        sleeping?.resume(returning: isOver)
    }
}
