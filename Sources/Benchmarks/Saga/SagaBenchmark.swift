internal import LocalServers
internal import Telemetry

extension Benchmark {
    /// Whole sagas through the services, as they are delivered.
    static let saga = Benchmark(
        name: "saga", summary: "create-order sagas through four services and the orchestrator, each a process",
        options: [NumberOption(name: "orders", summary: "orders of a section at 64 and more at once", standard: 4_000)]
    ) { settings in
        try await withServers { broker, cluster in
            var report = Report()
            SagaBenchmark.describe(&report)
            try await SagaSystem.lend("small", on: broker, cluster) { system in
                let generator = try await OrderGenerator(system)
                defer { Task { await generator.close() } }
                let bench = SagaBenchmark(system: system, generator: generator, settings: settings)
                try await bench.measure(&report)
                if settings.isQuick || !settings.wants("stored") { return }
                try await SagaSystem.lend("large", on: broker, cluster) { large in
                    try await bench.compareWithFullStore(large, &report)
                }
            }
            return report
        }
    }
}

/// The sections of the benchmark, over one system.
struct SagaBenchmark {
    let system: SagaSystem
    let generator: OrderGenerator
    let settings: RunSettings

    /// The orders under way at once, and the sagas a second that are wanted then.
    private static let levels: [(outstanding: Int, reach: Double?)] = [
        (1, 100), (16, 450), (64, 1_000), (256, 1_200), (1_024, nil),
    ]
    /// Where the system is full.
    private static let saturation = 256
    private static let storedCount = 200_000

    func measure(_ report: inout Report) async throws {
        try await generator.bringWhatIsNeeded()
        _ = try await generator.run(settings.count(1_000, quick: 10), outstanding: settings.count(64, quick: 4))
        let costs = SagaCosts()
        let rounds = try await measureLevels(costs)
        reportLevels(rounds, &report)
        if settings.wants("idle") { try await measureIdle(&report) }
        costs.report(to: &report)
        if settings.wants("counts") { try await countMessages(&report) }
    }

    private func orderCount(_ outstanding: Int) -> Int {
        if settings.isQuick { return min(outstanding * 2, 64) }
        let whole = settings.numbers["orders"] ?? 4_000
        return switch outstanding {
        case 1: max(1, whole / 10)
        case 16: max(16, whole / 2)
        default: max(outstanding, whole)
        }
    }

    // MARK: Sections

    private func measureLevels(_ costs: SagaCosts) async throws -> Rounds {
        let comparison = Comparison(
            "saga",
            levels.map { level in
                .init(name: Self.side(level.outstanding)) {
                    let count = orderCount(level.outstanding)
                    let before = system.processorTimes()
                    let measurement = try await Measurement.take(count: count) { measurement in
                        measurement.latencies = try await generator.run(count, outstanding: level.outstanding)
                    }
                    costs.add(before, system.processorTimes(), count, at: level.outstanding)
                    if let trouble = system.trouble { throw BaselineFailure(description: trouble) }
                    return measurement
                }
            })
        return try await comparison.run(settings)
    }

    private var levels: [(outstanding: Int, reach: Double?)] {
        Self.levels.filter { settings.wants(Self.side($0.outstanding)) }
    }

    private static func side(_ outstanding: Int) -> String { "at_\(outstanding)" }

    private func reportLevels(_ rounds: Rounds, _ report: inout Report) {
        let spreads = levels.map { rounds.spread(Self.side($0.outstanding), \.perSecond) }
        if let best = spreads.max(by: { $0.median < $1.median }) { report.figure("sagas_per_second", best) }
        for (level, spread) in zip(levels, spreads) {
            report.figure(
                "sagas_per_second_at_\(level.outstanding)", spread, reach: level.reach.map { .atLeast($0) })
        }
        for (outstanding, prefix) in [(1, "at_1"), (Self.saturation, "saturated")]
        where rounds.hasSide(Self.side(outstanding)) {
            for percent in [50, 95, 99] {
                let spread = rounds.spread(Self.side(outstanding)) {
                    $0.latencyMicroseconds(percentile: Double(percent)) / 1_000
                }
                let isAlone = outstanding == 1 && percent == 50
                report.figure("\(prefix)_p\(percent)_ms", spread, reach: isAlone ? .atMost(10) : nil)
            }
        }
    }

    /// Five orders a second: each finds everybody asleep.
    private func measureIdle(_ report: inout Report) async throws {
        var percentiles: [Double: [Double]] = [:]
        for _ in 0..<settings.roundCount {
            let latencies = try await generator.runSlowly(settings.count(50, quick: 2), every: .milliseconds(200))
            let spread = Spread(latencies.map(\.inMilliseconds))
            for percent in [50.0, 95, 99] { percentiles[percent, default: []].append(spread.percentile(percent)) }
        }
        for (percent, values) in percentiles.sorted(by: { $0.key < $1.key }) {
            report.figure("idle_p\(Int(percent))_ms", Spread(values))
        }
    }

    private func countMessages(_ report: inout Report) async throws {
        let count = orderCount(Self.saturation)
        let pause = settings.isQuick ? Duration.zero : SagaCounters.settlingTime
        try await Task.sleep(for: pause)
        let before = try await SagaCounters.read(system)
        _ = try await generator.run(count, outstanding: Self.saturation)
        try await Task.sleep(for: pause)
        let after = try await SagaCounters.read(system)
        report.figure(
            "messages_per_saga", Spread([Double(after.messageCount - before.messageCount) / Double(count)]))
        report.figure(
            "transactions_per_saga",
            Spread([Double(after.transactionCount - before.transactionCount) / Double(count)]))
    }

    /// The same load on this system and on one whose orchestrator has seen many sagas, in turns.
    func compareWithFullStore(_ large: SagaSystem, _ report: inout Report) async throws {
        let other = try await OrderGenerator(large)
        defer { Task { await other.close() } }
        try await other.bringWhatIsNeeded()
        _ = try await other.run(2_000, outstanding: Self.saturation)
        try await StoredSagas.fill(large, to: Self.storedCount)
        let count = orderCount(Self.saturation) / 2
        func side(_ name: String, _ generator: OrderGenerator) -> Comparison.Side {
            .init(name: name) {
                try await Measurement.take(count: count) { _ in
                    _ = try await generator.run(count, outstanding: Self.saturation)
                }
            }
        }
        let rounds = try await Comparison("stored", [side("small", generator), side("large", other)]).run(settings)
        report.figure("stored_small_sagas", Spread([Double(try await StoredSagas.count(in: system))]))
        report.figure("stored_large_sagas", Spread([Double(try await StoredSagas.count(in: large))]))
        report.ratio("rate_at_200k_vs_1k", rounds.ratio("large", over: "small", \.perSecond), reach: .atLeast(0.85))
    }

    static func describe(_ report: inout Report) {
        report.describe(
            "saga",
            [
                "processes": "generator, order, consumer, kitchen, accounting, orchestrator, broker, postgres",
                "messages": "order placed by message; durable quorum queues, persistent, confirmed",
                "durability": "fsync and synchronous_commit on",
                "database": "one for each service, one cluster, over its socket",
                "kitchen": "simulation off", "end": "order.approved on a queue of the generator",
                "log": "warnings and errors",
            ])
        report.describe(
            "stored", ["large": "an orchestrator with \(storedCount) finished sagas", "small": "the system measured"])
    }
}

/// What a saga costs each process.
private final class SagaCosts: Sendable {
    /// By name and orders under way.
    private let milliseconds = Lock<[String: [Int: [Double]]]>([:])

    func add(_ before: [String: Duration], _ after: [String: Duration], _ count: Int, at outstanding: Int) {
        milliseconds.withLock { all in
            var sum = 0.0
            for (name, time) in after {
                let cost = (time - (before[name] ?? .zero)).inMilliseconds / Double(count)
                all[name, default: [:]][outstanding, default: []].append(cost)
                // The generator stands for the world outside.
                if name != "generator" { sum += cost }
            }
            all["", default: [:]][outstanding, default: []].append(sum)
        }
    }

    func report(to report: inout Report) {
        for (name, levels) in milliseconds.withLock({ $0 }).sorted(by: { $0.key < $1.key }) {
            let prefix = name.isEmpty ? "" : "\(name)_"
            if let values = levels[256] { report.figure("\(prefix)cpu_ms_per_saga", Spread(values)) }
            if let values = levels[1] { report.figure("at_1_\(prefix)cpu_ms_per_saga", Spread(values)) }
        }
    }
}
