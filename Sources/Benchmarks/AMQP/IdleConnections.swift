internal import AMQP
internal import BenchmarkBaselines

/// What a connection with one channel costs in memory while nothing happens on it.
struct IdleConnections {
    private let endpoint: Endpoint
    private let count: Int

    init(_ endpoint: Endpoint, _ settings: RunSettings) {
        self.endpoint = endpoint
        count = settings.count(50, quick: 3)
    }

    func run(into report: inout Report) async throws {
        let ours = try await wrapper()
        report.figure("idle_memory_skald_kib_per_connection", Spread([ours]), reach: .atMost(2_048))
        report.figure("idle_memory_plain_c_kib_per_connection", Spread([try baseline()]))
    }

    private func wrapper() async throws -> Double {
        let before = Self.trimmedResidentByteCount()
        var publishers: [(Connection, Publisher)] = []
        for _ in 0..<count {
            let connection = try await Connection.connect(endpoint.configuration)
            publishers.append((connection, try await connection.makePublisher()))
        }
        let growth = ProcFile.residentByteCount() - before
        for (connection, _) in publishers { _ = await connection.close() }
        return perConnection(growth)
    }

    private func baseline() throws -> Double {
        let before = Self.trimmedResidentByteCount()
        let sessions = try (0..<count).map { _ in try SharedSession(endpoint) }
        let growth = ProcFile.residentByteCount() - before
        return withExtendedLifetime(sessions) { perConnection(growth) }
    }

    private func perConnection(_ growth: Int) -> Double {
        Double(max(growth, 0)) / 1024 / Double(count)
    }

    /// Gives free memory back first, or the connections would be fed from it unseen.
    private static func trimmedResidentByteCount() -> Int {
        bench_return_free_memory()
        return ProcFile.residentByteCount()
    }
}

/// A session of the baseline in an array.
private final class SharedSession {
    private let session: BaselineSession

    init(_ endpoint: Endpoint) throws { session = try BaselineSession(endpoint) }
}
