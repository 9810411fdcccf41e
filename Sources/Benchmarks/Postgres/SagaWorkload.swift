internal import Postgres

/// Durable saga steps, so many in one transaction, on so many connections at once.
struct SagaWorkload: Sendable {
    let batch: Int
    let connectionCount: Int
    let stepCount: Int
    let bodySize = 512

    var name: String {
        let steps = batch == 1 ? "saga_step_one_by_one" : "saga_step_batch\(batch)"
        return connectionCount == 1 ? steps : "\(steps)_\(connectionCount)_connections"
    }

    static func all(_ settings: RunSettings) -> [SagaWorkload] {
        var workloads: [SagaWorkload] = []
        for (batch, full) in [(1, 3_200), (16, 25_600), (64, 40_960)] {
            for connectionCount in [1, 4, 16] {
                workloads.append(
                    SagaWorkload(
                        batch: batch, connectionCount: connectionCount,
                        stepCount: settings.count(full, quick: batch * connectionCount)))
            }
        }
        return workloads
    }

    func comparison(on bench: PostgresBench) -> Comparison {
        Comparison(
            name,
            PostgresSide.allCases.map { side in
                Comparison.Side(name: side.rawValue) {
                    try await bench.reset()
                    return try await measure(side, bench)
                }
            })
    }

    func add(_ rounds: Rounds, to report: inout Report) {
        report.addPostgres(name, unit: "step", rounds, reach: .atLeast(0.8), costReach: .atMost(1.5))
    }

    private func measure(_ side: PostgresSide, _ bench: PostgresBench) async throws -> Measurement {
        switch side {
        case .c:
            try await PostgresBaseline(bench: bench).runSaga(
                stepCount: stepCount, batch: batch, connectionCount: connectionCount, bodySize: bodySize)
        case .skald:
            try await bench.withPool(connectionCount: connectionCount) { pool in
                try await withTaskExecutorPreference(pool.executor) { try await take(pool) }
            }
        case .skaldThreads:
            try await bench.withPool(connectionCount: connectionCount) { pool in try await take(pool) }
        }
    }

    private func take(_ pool: PostgresPool) async throws -> Measurement {
        let body = [UInt8](repeating: 0x78, count: bodySize)
        return try await Measurement.take(count: stepCount) { _ in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for place in 0..<connectionCount {
                    group.addTask {
                        let count = stepCount / connectionCount
                        for first in stride(from: 0, to: count, by: batch) {
                            try await runBatch(first..<(first + batch), place, body, pool)
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    /// One transaction; each step is a task of its own, as the handlers of a batch are.
    private func runBatch(_ steps: Range<Int>, _ place: Int, _ body: [UInt8], _ pool: PostgresPool) async throws {
        try await pool.withTransaction(tracksOutcome: false) { transaction in
            if batch == 1 { return try await runStep(steps.lowerBound, place, body, transaction) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for step in steps { group.addTask { try await runStep(step, place, body, transaction) } }
                try await group.waitForAll()
            }
        }
    }

    private func runStep(_ step: Int, _ place: Int, _ body: [UInt8], _ transaction: Transaction) async throws {
        let message = PostgresBench.rowID(place * (stepCount / connectionCount) + step)
        let saga = PostgresBench.rowID(place * PostgresBench.sagaCount + step % PostgresBench.sagaCount)
        try transaction.enqueue("INSERT INTO inbox (id) VALUES (\(message))")
        let row = try await transaction.query("SELECT state, version FROM saga WHERE id = \(saga) FOR UPDATE").only()
        _ = try row.decode(Int32.self, Int32.self)
        let next = Int32(step)
        try transaction.enqueue("UPDATE saga SET state = \(next), version = \(next) WHERE id = \(saga)")
        try transaction.enqueue("INSERT INTO outbox (id, body) VALUES (\(message), \(body))")
    }
}
