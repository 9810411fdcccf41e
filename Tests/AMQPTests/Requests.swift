import Telemetry
import Testing

@testable import AMQP

/// Requests that wait for their answers, each in a task of its own, and how they ended.
///
/// One that is resumed twice ends the process, as its continuation is a checked one; one that never is is missed in `allEnded`.
final class Requests: Sendable {
    private struct State {
        var begun = 0
        var ended: [Int: InboundMethod?] = [:]
        var isWaitedFor = false
    }

    private let continuations = AsyncStream<CheckedContinuation<InboundMethod, any Error>>.makeStream()
    private let state = Lock(State())
    private let lastEnd = Promise<Void>()

    /// A request that waits.
    ///
    /// - Returns: its number, from 0, and what resumes it.
    func begin() async throws -> (number: Int, continuation: CheckedContinuation<InboundMethod, any Error>) {
        let number = state.withLock { state in
            defer { state.begun += 1 }
            return state.begun
        }
        Task {
            let answer = try? await withCheckedThrowingContinuation { _ = continuations.continuation.yield($0) }
            note(number, answer)
        }
        var iterator = continuations.stream.makeAsyncIterator()
        return (number, try #require(await iterator.next()))
    }

    private func note(_ number: Int, _ answer: InboundMethod?) {
        let isLast = state.withLock { state in
            state.ended[number] = .some(answer)
            return state.isWaitedFor && state.ended.count == state.begun
        }
        if isLast { lastEnd.settle(.success(())) }
    }

    /// The answers, nil where there was an error instead.
    ///
    /// - Throws: `timedOut`, where one was forgotten.
    func allEnded() async throws -> [InboundMethod?] {
        let isOver = state.withLock { state in
            state.isWaitedFor = true
            return state.ended.count == state.begun
        }
        if !isOver { try await lastEnd.value(within: .seconds(120), orTimeOut: "a request has been forgotten") }
        return state.withLock { state in (0..<state.begun).map { state.ended[$0] ?? nil } }
    }
}
