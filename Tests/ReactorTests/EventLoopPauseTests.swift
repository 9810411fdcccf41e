import Testing

@testable import Reactor

/// Pausing on a loop.
@Suite struct EventLoopPauseTests {
    private let executor = EventLoop(name: "pause-tests")

    @Test func endsOnceTheTimeIsOver() async throws {
        let start = ContinuousClock.now
        try await executor.pause(for: .milliseconds(20))
        #expect(ContinuousClock.now - start >= .milliseconds(20))
    }

    @Test func endsWhenTheTaskIsCancelled() async {
        let pausing = Task(executorPreference: executor) { [executor] in try await executor.pause(for: .seconds(3600)) }
        pausing.cancel()
        await #expect(throws: CancellationError.self) { try await pausing.value }
    }

    @Test func doesNotBeginInACancelledTask() async {
        let (started, start) = AsyncStream<Void>.makeStream()
        let pausing = Task { [executor] in
            for await _ in started {}
            try await executor.pause(for: .seconds(3600))
        }
        pausing.cancel()
        start.finish()
        await #expect(throws: CancellationError.self) { try await pausing.value }
    }
}
