internal import LocalServers

extension Benchmark {
    /// The outbox insert and the durable saga step beside a C pipeline on libpq, on a private cluster.
    static let postgres = Benchmark(
        name: "postgres", summary: "outbox inserts and durable saga steps beside the best libpq pipeline in C"
    ) { settings in
        Progress.say("starting a private cluster")
        let cluster = try await PostgresCluster.started(PostgresBench.options)
        do {
            let report = try await measurePostgres(PostgresBench(cluster), settings)
            try await cluster.shutDown()
            return report
        } catch {
            // The first error is the one that matters.
            try? await cluster.shutDown()
            throw error
        }
    }

    private static func measurePostgres(_ bench: PostgresBench, _ settings: RunSettings) async throws -> Report {
        try await bench.createTables()
        var report = Report()
        report.describePostgresSides()
        for workload in OutboxWorkload.all(settings) where settings.wants(workload.name) {
            workload.add(try await workload.comparison(on: bench).run(settings), to: &report)
        }
        for workload in SagaWorkload.all(settings) where settings.wants(workload.name) {
            workload.add(try await workload.comparison(on: bench).run(settings), to: &report)
        }
        return report
    }
}

/// The ways to do the same work that are compared.
enum PostgresSide: String, Sendable, CaseIterable {
    /// Our library, the work on the pool's executor.
    case skald
    /// Our library, the work on Swift's own threads.
    case skaldThreads = "skald_threads"
    /// libpq from C.
    case c

    static let ours: [PostgresSide] = [.skald, .skaldThreads]
}

extension Report {
    /// Says how the sides were set up: what is equal on all of them first, then what makes each.
    mutating func describePostgresSides() {
        describe(
            "all sides",
            [
                "durability": "fsync and synchronous_commit on", "connection": "Unix socket", "statements": "prepared",
                "data": "binary, 512 B bodies", "tables": "emptied before each section",
                "saga step": "inbox insert, SELECT FOR UPDATE, UPDATE, outbox insert; two round trips a transaction",
            ])
        describe("skald", ["tasks": "one a saga step, on the pool's executor", "outcome tracking": "off"])
        describe("skald_threads", ["tasks": "one a saga step, on Swift's threads", "outcome tracking": "off"])
        describe("c", ["threads": "one for all connections, poll", "libpq": "non-blocking pipeline mode"])
    }

    /// Adds what each side reached, and ours over C.
    mutating func addPostgres(_ name: String, unit: String, _ rounds: Rounds, reach: Reach?, costReach: Reach?) {
        for side in PostgresSide.allCases {
            figure("\(name)_\(side.rawValue)_per_second", rounds.spread(side.rawValue, \.perSecond))
            let cost = rounds.spread(side.rawValue, \.processorMicrosecondsPerUnit)
            figure("\(name)_\(side.rawValue)_cpu_us_per_\(unit)", cost)
            let allocations = rounds.spread(side.rawValue, \.allocationsPerUnit)
            figure("\(name)_\(side.rawValue)_allocations_per_\(unit)", allocations)
        }
        for side in PostgresSide.ours {
            let prefix = side == .skald ? name : "\(name)_threads"
            let speed = rounds.ratio(side.rawValue, over: PostgresSide.c.rawValue, \.perSecond)
            ratio("\(prefix)_vs_c", speed, reach: side == .skald ? reach : nil)
            let cost = rounds.ratio(side.rawValue, over: PostgresSide.c.rawValue, \.processorMicrosecondsPerUnit)
            ratio("\(prefix)_cpu_vs_c", cost, reach: side == .skald ? costReach : nil)
        }
    }
}
