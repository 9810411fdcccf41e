import Telemetry

/// Collects the outcomes of one batch; one continuation for all of them.
final class PublishBatch: Sendable {
    /// A batch whose last outcome has come, to be resumed outside every lock.
    struct Finished {
        fileprivate let continuation: CheckedContinuation<[PublishOutcome], Never>
        fileprivate let outcomes: [PublishOutcome]

        func resume() {
            continuation.resume(returning: outcomes)
        }
    }

    private struct State {
        var outcomes: [PublishOutcome?]
        var remaining: Int
        var continuation: CheckedContinuation<[PublishOutcome], Never>?
    }

    private let state: Lock<State>

    init(count: Int) {
        state = Lock(State(outcomes: Array(repeating: nil, count: count), remaining: count))
    }

    func start(_ continuation: CheckedContinuation<[PublishOutcome], Never>) {
        state.withLock { $0.continuation = continuation }
    }

    /// Notes one outcome. Returns the batch once it was the last.
    func complete(_ index: Int, _ outcome: PublishOutcome) -> Finished? {
        state.withLock { state in
            guard state.outcomes[index] == nil else { return nil }
            state.outcomes[index] = outcome
            state.remaining -= 1
            guard state.remaining == 0, let continuation = state.continuation.take() else { return nil }
            return Finished(continuation: continuation, outcomes: state.outcomes.compactMap { $0 })
        }
    }
}
