internal import BenchmarkBaselines
internal import Postgres

/// One way to insert rows into the outbox, done by every side in turns.
struct OutboxWorkload: Sendable {
    let name: String
    let way: bench_outbox_way
    let rowCount: Int
    let batch: Int
    let bodySize = 512

    static func all(_ settings: RunSettings) -> [OutboxWorkload] {
        [
            OutboxWorkload(
                name: "outbox_one_by_one", way: bench_outbox_one_by_one, rowCount: settings.count(4000, quick: 20),
                batch: 1),
            OutboxWorkload(
                name: "outbox_pipelined64", way: bench_outbox_pipelined, rowCount: settings.count(64 * 500, quick: 128),
                batch: 64),
            OutboxWorkload(
                name: "outbox_unnest", way: bench_outbox_unnest, rowCount: settings.count(256 * 250, quick: 512),
                batch: 256),
            OutboxWorkload(
                name: "outbox_copy", way: bench_outbox_copy, rowCount: settings.count(4096 * 20, quick: 4096),
                batch: 4096),
        ]
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
        report.addPostgres(name, unit: "row", rounds, reach: .atLeast(0.8), costReach: .atMost(1.5))
        guard way == bench_outbox_unnest else { return }
        let cost = rounds.ratio(
            PostgresSide.skald.rawValue, over: PostgresSide.c.rawValue, \.processorMicrosecondsPerUnit)
        report.ratio("client_cpu_per_row_vs_c", cost, reach: .atMost(1.5))
    }

    private func measure(_ side: PostgresSide, _ bench: PostgresBench) async throws -> Measurement {
        switch side {
        case .c:
            try await PostgresBaseline(bench: bench).insert(way, rowCount: rowCount, batch: batch, bodySize: bodySize)
        case .skald:
            try await bench.withPool(connectionCount: 1) { pool in
                try await withTaskExecutorPreference(pool.executor) { try await take(pool) }
            }
        case .skaldThreads:
            try await bench.withPool(connectionCount: 1) { pool in try await take(pool) }
        }
    }

    private func take(_ pool: PostgresPool) async throws -> Measurement {
        let body = [UInt8](repeating: 0x78, count: bodySize)
        return try await Measurement.take(count: rowCount) { _ in
            for first in stride(from: 0, to: rowCount, by: batch) {
                try await insert(first..<(first + batch), body, pool)
            }
        }
    }

    private func insert(_ rows: Range<Int>, _ body: [UInt8], _ pool: PostgresPool) async throws {
        switch way {
        case bench_outbox_one_by_one:
            try await pool.execute(Self.one(rows.lowerBound, body))
        case bench_outbox_pipelined:
            try await pool.withTransaction(tracksOutcome: false) { transaction in
                for row in rows { try transaction.enqueue(Self.one(row, body)) }
            }
        case bench_outbox_unnest:
            let ids = rows.map(PostgresBench.rowID)
            let bodies = rows.map { _ in body }
            try await pool.execute("INSERT INTO outbox (id, body) SELECT * FROM unnest(\(ids), \(bodies))")
        default:
            try await pool.withTransaction(tracksOutcome: false) { transaction in
                try await transaction.copyIn("COPY outbox (id, body) FROM STDIN (FORMAT binary)") { writer in
                    for row in rows where writer.add(PostgresBench.rowID(row), body) { try await writer.flush() }
                }
            }
        }
    }

    private static func one(_ row: Int, _ body: [UInt8]) -> SQL {
        "INSERT INTO outbox (id, body) VALUES (\(PostgresBench.rowID(row)), \(body))"
    }
}
