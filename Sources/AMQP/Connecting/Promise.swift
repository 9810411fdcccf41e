import Telemetry

/// A value that comes once, awaited by any number of tasks.
final class Promise<Value: Sendable>: Sendable {
    private struct State {
        var result: Result<Value, AMQPError>?
        var waiters: [UInt64: CheckedContinuation<Result<Value, AMQPError>, Never>] = [:]
        var nextWaiter: UInt64 = 0
    }

    private let state = Lock(State())

    init() {}

    /// The value or error, if it has come.
    var current: Result<Value, AMQPError>? {
        state.withLock { $0.result }
    }

    /// Settles the promise; a later call changes nothing.
    func settle(_ result: Result<Value, AMQPError>) {
        let waiters = state.withLock { state -> [CheckedContinuation<Result<Value, AMQPError>, Never>] in
            guard state.result == nil else { return [] }
            state.result = result
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume(returning: result) }
    }

    /// Waits for the value.
    ///
    /// - Throws: what the promise failed with; `cancelled` where the task is.
    func value() async throws(AMQPError) -> Value {
        let id = state.withLock { state in
            defer { state.nextWaiter += 1 }
            return state.nextWaiter
        }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let ready = state.withLock { state -> Result<Value, AMQPError>? in
                    if let result = state.result { return result }
                    // The handler may have run before this: the flag is set before it runs.
                    if Task.isCancelled { return .failure(Self.cancelled) }
                    state.waiters[id] = continuation
                    return nil
                }
                if let ready { continuation.resume(returning: ready) }
            }
        } onCancel: {
            giveUp(id, Self.cancelled)
        }
        return try result.get()
    }

    /// Waits for the value, at most this long.
    ///
    /// - Throws: as `value()`, and `timedOut` with this message.
    func value(within limit: Duration, orTimeOut message: String) async throws(AMQPError) -> Value {
        let timer = Task {
            try await Task.sleep(for: limit)
            settleWaiters(AMQPError(.timedOut, message))
        }
        defer { timer.cancel() }
        return try await value()
    }

    private func settleWaiters(_ error: AMQPError) {
        let waiters = state.withLock { state in
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume(returning: .failure(error)) }
    }

    private func giveUp(_ id: UInt64, _ error: AMQPError) {
        let waiter = state.withLock { $0.waiters.removeValue(forKey: id) }
        waiter?.resume(returning: .failure(error))
    }

    private static var cancelled: AMQPError { AMQPError(.cancelled, "the waiting task was cancelled") }
}
