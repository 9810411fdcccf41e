import Testing

@testable import Postgres

/// Sleeping on the executor. No server is needed.
@Suite struct ExecutorSleepTests {
    private let executor = PostgresExecutor(name: "sleep-tests")

    @Test func endsOnceTheTimeIsOver() async throws {
        let start = ContinuousClock.now
        try await executor.sleep(for: .milliseconds(20))
        #expect(ContinuousClock.now - start >= .milliseconds(20))
    }

    @Test func endsWhenTheTaskIsCancelled() async {
        let sleeper = Task(executorPreference: executor) { [executor] in try await executor.sleep(for: .seconds(3600)) }
        sleeper.cancel()
        await #expect(throws: CancellationError.self) { try await sleeper.value }
    }

    @Test func doesNotBeginInACancelledTask() async {
        let (started, start) = AsyncStream<Void>.makeStream()
        let sleeper = Task { [executor] in
            for await _ in started {}
            try await executor.sleep(for: .seconds(3600))
        }
        sleeper.cancel()
        start.finish()
        await #expect(throws: CancellationError.self) { try await sleeper.value }
    }
}
