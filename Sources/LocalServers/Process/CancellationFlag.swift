import Telemetry

/// Whether the task that waits for blocking work was cancelled, for that work to look at between two steps.
package final class CancellationFlag: Sendable {
    private let isSet = Lock(false)

    package var isCancelled: Bool { isSet.withLock { $0 } }

    fileprivate func set() { isSet.withLock { $0 = true } }

    package func check() throws(CancellationError) {
        if isCancelled { throw CancellationError() }
    }
}

/// Runs blocking work on a thread of its own, as `onOwnThread`, and tells it when nobody wants its result any more.
package func onOwnThreadUntilCancelled<Value: Sendable>(
    _ work: @escaping @Sendable (CancellationFlag) throws -> Value
) async throws -> Value {
    let flag = CancellationFlag()
    return try await withTaskCancellationHandler {
        try await onOwnThread { try work(flag) }
    } onCancel: {
        flag.set()
    }
}
