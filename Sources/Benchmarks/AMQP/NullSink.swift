internal import BenchmarkBaselines

/// A stand-in for a broker that confirms every message and keeps none.
struct NullSink: ~Copyable {
    private let pointer: OpaquePointer

    init() throws {
        var failure = bench_failure()
        guard let pointer = bench_null_sink_start(&failure) else {
            throw BaselineFailure(description: "the null sink did not start")
        }
        self.pointer = pointer
    }

    deinit { bench_null_sink_stop(pointer) }

    var endpoint: Endpoint {
        Endpoint(port: UInt16(bench_null_sink_port(pointer)), user: "guest", password: "guest")
    }

    var messageCount: Int { Int(bench_null_sink_message_count(pointer)) }

    /// The name of its thread, whose processor time is not the client's.
    static let threadName = BENCH_NULL_SINK_THREAD
}
