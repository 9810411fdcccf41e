import BenchmarkBaselines
import Glibc
import Testing

@testable import Benchmarks

@Suite struct MeasurementTests {
    @Test func processorTimeOfWorkIsSeenWholeAndByThread() async throws {
        let measurement = try await Measurement.take(count: 10) { _ in
            // This thread's own: other tests work beside it.
            let start = Self.threadTime()
            while Self.threadTime() - start < .milliseconds(20) {}
        }
        #expect(measurement.processorTime >= .milliseconds(20))
        #expect(measurement.processorMicrosecondsPerUnit >= 2_000)
        #expect(measurement.threadTimes.values.reduce(.zero, +) >= .milliseconds(15))
    }

    private static func threadTime() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    @Test func anotherProcessHasAClockToo() {
        #expect(ProcessorTime.ofProcess(getpid()) != nil)
        #expect(ProcessorTime.ofProcess(1 << 22) == nil, "the kernel gives no id so high")
    }

    @Test func roundsGivePairedRatios() {
        var rounds = Rounds()
        for (ours, theirs) in [(10, 20), (30, 30), (90, 45)] {
            rounds.add(measurement(perSecond: ours), to: "ours")
            rounds.add(measurement(perSecond: theirs), to: "theirs")
        }
        let ratio = rounds.ratio("ours", over: "theirs", \.perSecond)
        #expect(ratio.sorted == [0.5, 1, 2])
        #expect(rounds.spread("ours", \.perSecond).median == 30)
    }

    @Test func sidesTakeTurnsAndTheWarmUpIsThrownAway() async throws {
        let order = Order()
        let sides = ["a", "b", "c"].map { name in
            Comparison.Side(name: name) { await order.note(name) }
        }
        let rounds = try await Comparison("turns", sides).run(RunSettings(roundCount: 2))
        #expect(await order.names == ["a", "b", "c", "b", "c", "a", "c", "a", "b"])
        #expect(rounds.spread("a", \.perSecond).sorted.count == 2)
    }

    private func measurement(perSecond: Int) -> Measurement {
        Measurement(count: perSecond, elapsed: .seconds(1), processorTime: .zero, allocationCount: 0)
    }
}

private actor Order {
    private(set) var names: [String] = []

    func note(_ name: String) -> Measurement {
        names.append(name)
        return Measurement(count: 1, elapsed: .seconds(1), processorTime: .seconds(1), allocationCount: 0)
    }
}

@Suite struct AllocationCountTests {
    /// Other tests allocate meanwhile, so only the lower bound is certain.
    @Test(.enabled(if: bench_allocation_count() > 0, "a sanitizer has its own allocator"))
    func everyKindOfAllocationIsCounted() {
        let before = bench_allocation_count()
        for _ in 0..<100 {
            free(realloc(malloc(16), 4096))
            free(calloc(1, 16))
            var aligned: UnsafeMutableRawPointer?
            #expect(posix_memalign(&aligned, 64, 64) == 0)
            free(aligned)
        }
        #expect(bench_allocation_count() - before >= 400)
    }
}
