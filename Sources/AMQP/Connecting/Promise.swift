import Telemetry

/// A value that comes once, awaited by any number of tasks.
final class Promise<Value: Sendable>: Sendable {
    /// Somebody who waits.
    private enum Waiter {
        /// Has a number and is not suspended yet. Left by suspending, or by giving up before.
        case coming
        /// Left by the value, or by giving up.
        case suspended(CheckedContinuation<Result<Value, AMQPError>, Never>)
        /// Cancelled or timed out before it was suspended. Left by finding out.
        case gaveUp(AMQPError)
    }

    private struct State {
        var result: Result<Value, AMQPError>?
        var waiters: [UInt64: Waiter] = [:]
        var nextWaiter: UInt64 = 0
    }

    private let state = Lock(State())

    init() {}

    /// The value or error, if it has come.
    var current: Result<Value, AMQPError>? {
        state.withLock { $0.result }
    }

    /// Settles the promise; a later call changes nothing.
    ///
    /// - Returns: whether this was the first call.
    @discardableResult
    func settle(_ result: Result<Value, AMQPError>) -> Bool {
        let suspended = state.withLock { state -> [CheckedContinuation<Result<Value, AMQPError>, Never>]? in
            guard state.result == nil else { return nil }
            state.result = result
            defer { state.waiters = [:] }
            return state.waiters.values.compactMap { if case .suspended(let waiter) = $0 { waiter } else { nil } }
        }
        guard let suspended else { return false }
        for waiter in suspended { waiter.resume(returning: result) }
        return true
    }

    /// Waits for the value.
    ///
    /// - Throws: what the promise failed with; `cancelled` where the task is.
    func value() async throws(AMQPError) -> Value {
        try await value(of: nextWaiter())
    }

    /// Waits for the value, at most this long. Others who wait for it go on waiting.
    ///
    /// - Throws: as `value()`, and `timedOut` with this message.
    func value(within limit: Duration, orTimeOut message: String) async throws(AMQPError) -> Value {
        let id = nextWaiter()
        let timer = Task {
            try await Task.sleep(for: limit)
            giveUp(id, AMQPError(.timedOut, message))
        }
        defer { timer.cancel() }
        return try await value(of: id)
    }

    private func nextWaiter() -> UInt64 {
        state.withLock { state in
            defer { state.nextWaiter += 1 }
            state.waiters[state.nextWaiter] = .coming
            return state.nextWaiter
        }
    }

    private func value(of id: UInt64) async throws(AMQPError) -> Value {
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let ready = state.withLock { state -> Result<Value, AMQPError>? in
                    if state.result == nil, case .coming = state.waiters[id] {
                        state.waiters[id] = .suspended(continuation)
                        return nil
                    }
                    let gaveUp = state.waiters.removeValue(forKey: id)
                    if case .gaveUp(let error) = gaveUp { return .failure(error) }
                    return state.result
                }
                if let ready { continuation.resume(returning: ready) }
            }
        } onCancel: {
            giveUp(id, AMQPError(.cancelled, "the waiting task was cancelled"))
        }
        return try result.get()
    }

    /// Ends one wait, also one that is about to begin.
    private func giveUp(_ id: UInt64, _ error: AMQPError) {
        let suspended = state.withLock { state -> CheckedContinuation<Result<Value, AMQPError>, Never>? in
            switch state.waiters[id] {
            case .suspended(let waiter):
                state.waiters[id] = nil
                return waiter
            case .coming:
                state.waiters[id] = .gaveUp(error)
                return nil
            case .gaveUp, nil:
                return nil
            }
        }
        suspended?.resume(returning: .failure(error))
    }
}
