import Telemetry

/// Lets the runs of all queues of a process go on beside each other, except one that has to be alone in it.
///
/// What waits to be alone goes first: nothing new begins until it is through.
final class Solitude: Sendable {
    private struct State {
        var runningCount = 0
        var isAlone = false
        var waitingToBeAlone: [CheckedContinuation<Void, Never>] = []
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Lock(State())

    func amongOthers<Result>(_ body: () async -> Result) async -> Result {
        if !state.withLock({ Self.begin(&$0) }) {
            await withCheckedContinuation { continuation in
                let mayBegin = state.withLock { state -> Bool in
                    if Self.begin(&state) { return true }
                    state.waiting.append(continuation)
                    return false
                }
                if mayBegin { continuation.resume() }
            }
        }
        let result = await body()
        end { $0.runningCount -= 1 }
        return result
    }

    func alone<Result>(_ body: () async -> Result) async -> Result {
        await withCheckedContinuation { continuation in
            let mayBegin = state.withLock { state -> Bool in
                if Self.beginAlone(&state) { return true }
                state.waitingToBeAlone.append(continuation)
                return false
            }
            if mayBegin { continuation.resume() }
        }
        let result = await body()
        end { $0.isAlone = false }
        return result
    }

    private static func begin(_ state: inout State) -> Bool {
        guard !state.isAlone, state.waitingToBeAlone.isEmpty else { return false }
        state.runningCount += 1
        return true
    }

    private static func beginAlone(_ state: inout State) -> Bool {
        guard !state.isAlone, state.runningCount == 0 else { return false }
        state.isAlone = true
        return true
    }

    private func end(_ body: (inout State) -> Void) {
        let next = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            body(&state)
            if let first = state.waitingToBeAlone.first {
                guard Self.beginAlone(&state) else { return [] }
                state.waitingToBeAlone.removeFirst()
                return [first]
            }
            if state.isAlone { return [] }
            defer { state.waiting = [] }
            state.runningCount += state.waiting.count
            return state.waiting
        }
        for continuation in next { continuation.resume() }
    }
}
