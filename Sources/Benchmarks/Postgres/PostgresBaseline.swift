internal import BenchmarkBaselines
internal import LocalServers

/// The C side.
struct PostgresBaseline: Sendable {
    let bench: PostgresBench

    /// Inserts rows on a connection of its own that is opened and closed outside the section.
    func insert(_ way: bench_outbox_way, rowCount: Int, batch: Int, bodySize: Int) async throws -> Measurement {
        let connections = try Connections(1, connectionString)
        return try await Measurement.take(count: rowCount) { _ in
            try call { bench_postgres_outbox(connections.pointers[0], way, rowCount, batch, bodySize, $0) }
        }
    }

    /// Runs saga steps on so many connections.
    func runSaga(stepCount: Int, batch: Int, connectionCount: Int, bodySize: Int) async throws -> Measurement {
        let connections = try Connections(connectionCount, connectionString)
        return try await Measurement.take(count: stepCount) { _ in
            try call { bench_postgres_saga(connections.pointers, connectionCount, stepCount, batch, bodySize, $0) }
        }
    }

    private var connectionString: String { bench.cluster.connectionString(database: "postgres") }

    /// Connections of libpq, closed with their owner.
    private final class Connections {
        private(set) var pointers: [OpaquePointer?] = []

        init(_ count: Int, _ connectionString: String) throws {
            for _ in 0..<count {
                var failure = bench_failure()
                guard let pointer = bench_postgres_open(connectionString, &failure) else {
                    throw BaselineFailure(failure)
                }
                pointers.append(pointer)
            }
        }

        deinit {
            for pointer in pointers { bench_postgres_close(pointer) }
        }
    }

    private func call(_ body: (UnsafeMutablePointer<bench_failure>) -> Bool) throws {
        var failure = bench_failure()
        guard body(&failure) else { throw BaselineFailure(failure) }
    }
}

extension BaselineFailure {
    init(_ failure: bench_failure) {
        description = withUnsafeBytes(of: failure.text) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
