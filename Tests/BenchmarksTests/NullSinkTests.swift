import BenchmarkBaselines
import Testing

@testable import Benchmarks

/// The C loops against the stand-in that confirms everything: no broker is needed to see that they do the whole work.
@Suite struct NullSinkTests {
    @Test(
        arguments: [BaselineLoop.plain, .best],
        [
            Load(messageCount: 1, window: 1), Load(messageCount: 3_000, window: 1_000),
            Load(messageCount: 50, bodySize: 200_000, window: 7), Load(messageCount: 100, bodySize: 1, window: 3),
        ])
    func everyMessageArrivesWhole(loop: BaselineLoop, load: Load) async throws {
        let sink = try NullSink()
        let measurement = try await loop.publish(load, to: sink.endpoint)
        #expect(sink.messageCount == load.messageCount)
        #expect(measurement.count == load.messageCount)
    }

    @Test(
        arguments: [AMQPSide.skald, .skaldTasks],
        [Load(messageCount: 1, window: 1), Load(messageCount: 3_001, window: 1_000), Load(messageCount: 99, window: 7)])
    func theWrapperPublishesTheSameWork(side: AMQPSide, load: Load) async throws {
        let sink = try NullSink()
        let measurement = try await side.publish(load, to: sink.endpoint)
        #expect(sink.messageCount == load.messageCount)
        #expect(measurement.count == load.messageCount)
    }

    @Test(arguments: [BaselineLoop.plain, .best])
    func oneByOneEveryMessageHasALatency(loop: BaselineLoop) async throws {
        let sink = try NullSink()
        let load = Load(messageCount: 40, window: 1)
        let measurement = try await loop.publish(load, to: sink.endpoint, keepsLatencies: true)
        #expect(measurement.latencies.count == 40)
        #expect(measurement.latencies.allSatisfy { $0 > .zero })
        #expect(measurement.latencies.reduce(.zero, +) <= measurement.elapsed)
    }

    /// The suites of this process run side by side, so the counts are lower bounds.
    @Test(.enabled(if: bench_allocation_count() > 0, "a sanitizer has the socket calls"))
    func writesAreCounted() async throws {
        let sink = try NullSink()
        let plain = try await BaselineLoop.plain.publish(Load(messageCount: 100, window: 10), to: sink.endpoint)
        #expect(plain.writesPerUnit >= 3, "librabbitmq sends each of the three frames of a message by itself")
    }

    @Test func aRefusedConnectionIsAnErrorInWords() async throws {
        let endpoint = Endpoint(port: 1, user: "guest", password: "guest")
        let error = await #expect(throws: BaselineFailure.self) {
            try await BaselineLoop.best.publish(Load(messageCount: 1, window: 1), to: endpoint)
        }
        #expect(error?.description == "connect: a socket error occurred")
    }
}
