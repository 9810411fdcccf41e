import Telemetry

/// Carries notifications from the connection to the one task that reads them.
final class NotificationQueue: Sendable {
    private struct State {
        var events = Ring<ListenEvent>()
        var reader: Suspension<ListenEvent?>?
        var listener: Suspension<Void>?
        var isLost = false
        var isOver = false
    }

    /// More than this unread are replaced by the word that some were missed.
    static let countMax = 10_000

    private let state = Lock(State())

    /// A new connection listens.
    func begin() { state.withLock { $0.isLost = false } }

    func add(_ event: ListenEvent) {
        let reader = state.withLock { state -> Suspension<ListenEvent?>? in
            if let reader = state.reader.take() { return reader }
            if state.events.count >= Self.countMax {
                _ = state.events.removeAll()
                state.events.append(.listening)
            } else {
                state.events.append(event)
            }
            return nil
        }
        reader?.resume(event)
    }

    func next() async -> ListenEvent? {
        await withTaskCancellationHandler {
            await Suspension.wait { reader in
                let event = state.withLock { state -> ListenEvent?? in
                    if let event = state.events.removeFirst() { return .some(event) }
                    if state.isOver || Task.isCancelled { return .some(nil) }
                    state.reader = reader
                    return nil
                }
                if let event { reader.resume(event) }
            }
        } onCancel: {
            state.withLock { $0.reader.take() }?.resume(nil)
        }
    }

    /// The connection is gone.
    func lose() {
        state.withLock { state in
            state.isLost = true
            return state.listener.take()
        }?.resume()
    }

    /// Nobody reads any more.
    func wakeListener() { lose() }

    func end() {
        state.withLock { state in
            state.isOver = true
            return state.reader.take()
        }?.resume(nil)
    }

    /// Waits until the connection is gone or nobody reads any more.
    func waitForLoss() async {
        await Suspension.wait { (listener: Suspension<Void>) in
            let isLost = state.withLock { state in
                if !state.isLost { state.listener = listener }
                return state.isLost
            }
            if isLost { listener.resume() }
        }
    }
}
