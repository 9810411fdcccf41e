import Reactor
import Telemetry

/// Tasks that run beside the loop that started them, and are waited for at its end.
final class BackgroundTasks: Sendable {
    private struct State {
        var tasks: [UInt64: Task<Void, Never>] = [:]
        var next: UInt64 = 0
        /// Ended before their handle was kept.
        var endedEarly: Set<UInt64> = []
    }

    private let state = Lock(State())
    private let executor: any TaskExecutor

    /// - Parameter executor: where they run: that of whoever starts them, so that starting one wakes no other thread.
    init(on executor: any TaskExecutor) { self.executor = executor }

    func start(_ body: @escaping @Sendable () async -> Void) {
        let id = state.withLock { state -> UInt64 in
            state.next += 1
            return state.next
        }
        let task = Task(executorPreference: executor) { [self] in
            await body()
            ended(id)
        }
        state.withLock { state in
            if state.endedEarly.remove(id) == nil { state.tasks[id] = task }
        }
    }

    private func ended(_ id: UInt64) {
        state.withLock { state in
            if state.tasks.removeValue(forKey: id) == nil { state.endedEarly.insert(id) }
        }
    }

    /// Waits for all that was started, at most so long: what is not through by then is told to come to an end.
    func finish(within limit: Duration) async {
        let timer = Task(executorPreference: executor) { [self] in
            try await Task.sleep(for: limit)
            cancel()
        }
        while let task = state.withLock({ $0.tasks.values.first }) { await task.value }
        timer.cancel()
    }

    /// Tells all to come to an end.
    private func cancel() {
        for task in state.withLock({ Array($0.tasks.values) }) { task.cancel() }
    }
}
