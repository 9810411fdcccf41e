import Telemetry

/// Collects the outcomes of one batch; one continuation for all of them.
final class PublishBatch: Sendable {
    /// A batch whose last outcome has come, to be resumed outside every lock.
    struct Finished: Sendable {
        fileprivate let continuation: CheckedContinuation<[PublishOutcome], Never>
        fileprivate let outcomes: [PublishOutcome]

        func resume() {
            continuation.resume(returning: outcomes)
        }
    }

    private struct State {
        var remaining: Int
        /// The outcomes that are not `confirmed`: none, as a rule.
        var others: [(index: Int, outcome: PublishOutcome)] = []
        var continuation: CheckedContinuation<[PublishOutcome], Never>?
    }

    private let count: Int
    private let state: Lock<State>

    init(count: Int) {
        self.count = count
        state = Lock(State(remaining: count))
    }

    func start(_ continuation: CheckedContinuation<[PublishOutcome], Never>) {
        state.withLock { $0.continuation = continuation }
    }

    /// Notes one outcome, once for each index. Returns the batch once it was the last.
    func complete(_ index: Int, _ outcome: PublishOutcome) -> Finished? {
        state.withLock { state in
            if !outcome.isConfirmed { state.others.append((index, outcome)) }
            return finish(1, &state)
        }
    }

    /// Notes that so many more are confirmed; which ones need not be known. Returns the batch once they were the last.
    func confirm(_ confirmedCount: Int) -> Finished? {
        state.withLock { state in finish(confirmedCount, &state) }
    }

    private func finish(_ completedCount: Int, _ state: inout State) -> Finished? {
        state.remaining -= completedCount
        guard state.remaining == 0, let continuation = state.continuation.take() else { return nil }
        var outcomes = [PublishOutcome](repeating: .confirmed, count: count)
        for other in state.others { outcomes[other.index] = other.outcome }
        return Finished(continuation: continuation, outcomes: outcomes)
    }
}
