internal import BenchmarkBaselines
internal import CLinux
import Glibc

/// The two C sides.
enum BaselineLoop: String, Sendable {
    /// `amqp_basic_publish` and `amqp_consume_message`, as the library's examples use them.
    case plain = "plain_c"
    /// librabbitmq as codec only; own socket, one send for each batch, own reassembly.
    case best = "best_c"

    /// Publishes and waits for all confirms, on a connection of its own that is opened and closed outside the section.
    func publish(_ load: Load, to endpoint: Endpoint, keepsLatencies: Bool = false) async throws -> Measurement {
        let session = try BaselineSession(endpoint)
        try call { bench_session_select_confirms(session.pointer, $0) }
        var latencies = [UInt64](repeating: 0, count: keepsLatencies ? load.messageCount : 0)
        var measurement = try await Measurement.take(count: load.messageCount, server: endpoint.processID) { _ in
            try latencies.withUnsafeMutableBufferPointer { buffer in
                let start = keepsLatencies ? buffer.baseAddress : nil
                let run = self == .plain ? bench_plain_publish : bench_best_publish
                try withLoad(load) { bare in
                    try scheduled(for: load) { try call { run(session.pointer, bare, start, $0) } }
                }
            }
        }
        measurement.latencies = latencies.map { .nanoseconds($0) }
        return measurement
    }

    /// Consumes and acknowledges messages that are in the queue already.
    func consume(_ load: Load, from endpoint: Endpoint) async throws -> Measurement {
        let session = try BaselineSession(endpoint)
        return try await Measurement.take(count: load.messageCount, server: endpoint.processID) { _ in
            let run = self == .plain ? bench_plain_consume : bench_best_consume
            try withLoad(load) { bare in try scheduled(for: load) { try call { run(session.pointer, bare, $0) } } }
        }
    }

    /// The best C waits for the processor as our loop does where messages come thick and fast: it takes none from whoever writes them.
    /// Plain C waits as any program does; its thread may have been begun by our loop.
    private func scheduled(for load: Load, _ body: () throws -> Void) rethrows {
        let policy = sched_getscheduler(0)
        var parameters = sched_param()
        guard [SCHED_OTHER, Int32(SKALD_SCHED_BATCH)].contains(policy) else { return try body() }
        let isBatch = self == .best && load.window > 1
        sched_setscheduler(0, isBatch ? Int32(SKALD_SCHED_BATCH) : SCHED_OTHER, &parameters)
        defer { sched_setscheduler(0, policy, &parameters) }
        try body()
    }
}

/// The queue of a section.
enum BaselineQueue {
    /// Makes the queue anew, empty.
    static func create(on endpoint: Endpoint) throws {
        try withEndpoint(endpoint) { endpoint in try call { bench_queue_create(endpoint, Load.queue, $0) } }
    }

    static func delete(on endpoint: Endpoint) throws {
        try withEndpoint(endpoint) { endpoint in try call { bench_queue_delete(endpoint, Load.queue, $0) } }
    }
}

/// Why a baseline could not do its work.
struct BaselineFailure: Error, CustomStringConvertible {
    let description: String
}

/// A connection of librabbitmq, closed with its owner.
struct BaselineSession: ~Copyable {
    let pointer: OpaquePointer

    init(_ endpoint: borrowing Endpoint) throws {
        var failure = bench_failure()
        guard let pointer = withEndpoint(endpoint, { bench_session_open($0, &failure) }) else {
            throw BaselineFailure(description: text(of: failure))
        }
        self.pointer = pointer
    }

    deinit { bench_session_close(pointer) }
}

/// Calls into C and throws what it says went wrong.
private func call(_ body: (UnsafeMutablePointer<bench_failure>) -> Bool) throws {
    var failure = bench_failure()
    guard body(&failure) else { throw BaselineFailure(description: text(of: failure)) }
}

private func text(of failure: bench_failure) -> String {
    withUnsafeBytes(of: failure.text) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
}

private func withEndpoint<Result>(
    _ endpoint: Endpoint, _ body: (UnsafePointer<bench_endpoint>) throws -> Result
) rethrows -> Result {
    try withExtendedLifetime(endpoint) { try withUnsafePointer(to: endpoint.asC, body) }
}

private func withLoad(_ load: Load, _ body: (UnsafePointer<bench_load>) throws -> Void) rethrows {
    try Load.queue.withCString { queue in
        let load = bench_load(
            queue: queue, message_count: load.messageCount, body_size: load.bodySize, window: load.window,
            ack_every: load.ackEvery)
        try withUnsafePointer(to: load, body)
    }
}
