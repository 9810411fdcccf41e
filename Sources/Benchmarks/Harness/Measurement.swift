internal import BenchmarkBaselines
import Glibc

/// What a measured section did and cost.
struct Measurement: Sendable {
    /// The units of work done: messages, rows, steps.
    var count: Int
    var elapsed: Duration
    /// Of the whole process.
    var processorTime: Duration
    /// Of the server's process, where one was named.
    var serverTime: Duration = .zero
    /// By thread name; threads that ended within the section are missing.
    var threadTimes: [String: Duration] = [:]
    /// Calls of malloc, calloc, realloc and their aligned kin in the whole process.
    var allocationCount: Int
    /// System calls that sent bytes through a socket in the whole process.
    var writeCount: Int = 0
    /// The time each unit took, where the section took them one by one.
    var latencies: [Duration] = []

    var perSecond: Double { Double(count) / elapsed.inSeconds }
    var processorMicrosecondsPerUnit: Double { processorTime.inMicroseconds / Double(count) }
    var serverMicrosecondsPerUnit: Double { serverTime.inMicroseconds / Double(count) }
    var allocationsPerUnit: Double { Double(allocationCount) / Double(count) }
    var writesPerUnit: Double { Double(writeCount) / Double(count) }

    /// - Precondition: the section kept its latencies.
    func latencyMicroseconds(percentile: Double) -> Double {
        Spread(latencies.map(\.inMicroseconds)).percentile(percentile)
    }

    /// Runs `section` and takes what it cost.
    ///
    /// - Parameters:
    ///   - count: the units of work the section does.
    ///   - server: the process that serves, if its time is wanted too.
    ///   - section: may complete the measurement with what only it knows.
    static func take(
        count: Int, server: pid_t? = nil, of section: (inout Measurement) async throws -> Void
    ) async throws -> Measurement {
        var result = Measurement(count: count, elapsed: .zero, processorTime: .zero, allocationCount: 0)
        let threadsBefore = ProcessorTime.byThreadName()
        let serverBefore = server.flatMap(ProcessorTime.ofProcess)
        let writesBefore = bench_write_count()
        let allocationsBefore = bench_allocation_count()
        let processorBefore = ProcessorTime.ofThisProcess()
        let start = ContinuousClock.now
        try await section(&result)
        result.elapsed = ContinuousClock.now - start
        result.processorTime = ProcessorTime.ofThisProcess() - processorBefore
        result.allocationCount = Int(bench_allocation_count() - allocationsBefore)
        result.writeCount = Int(bench_write_count() - writesBefore)
        if let serverBefore, let serverAfter = server.flatMap(ProcessorTime.ofProcess) {
            result.serverTime = serverAfter - serverBefore
        }
        result.threadTimes = ProcessorTime.byThreadName().merging(threadsBefore) { after, before in after - before }
        return result
    }
}
