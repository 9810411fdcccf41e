internal import LocalServers
internal import Telemetry

extension Benchmark {
    /// Whole sagas through the services, as they are delivered.
    static let saga = Benchmark(
        name: "saga",
        summary: "create-order sagas through four services and the orchestrator, each a process, beside the same in C",
        options: [NumberOption(name: "orders", summary: "orders of a section at 64 and more at once", standard: 4_000)]
    ) { settings in
        try await withServers { broker, cluster in
            var report = Report()
            SagaBenchmark.describe(&report)
            try await SagaSystem.lend("small", on: broker, cluster) { system in
                let side = try await SagaSide(prefix: "", system: system, generator: OrderGenerator(system))
                defer { Task { await side.generator.close() } }
                try await SagaBenchmark.compare(side, settings, &report)
            }
            if settings.isQuick || !settings.wants("stored") { return report }
            // Both as new as the other: the one that was measured has had many orders by now.
            try await SagaSystem.lend("fresh", on: broker, cluster) { fresh in
                try await SagaSystem.lend("large", on: broker, cluster) { large in
                    let side = try await SagaSide(prefix: "", system: fresh, generator: OrderGenerator(fresh))
                    defer { Task { await side.generator.close() } }
                    try await SagaBenchmark(skald: side, prototype: nil, settings: settings)
                        .compareWithFullStore(large, &report)
                }
            }
            return report
        }
    }
}

/// The sections of the benchmark, over the delivered system and the prototype in C.
struct SagaBenchmark {
    let skald: SagaSide
    /// Nil where only the delivered system is of interest; it has ended then.
    let prototype: SagaSide?
    let settings: RunSettings

    /// What is wanted, and what a prototype in C did on the machine for which that was said.
    private struct Goal {
        let wanted: Double
        let prototype: Double

        /// What is wanted on any machine, over the C that is measured beside.
        var ratio: Double { (wanted / prototype * 100).rounded() / 100 }
    }

    /// The orders under way at once, and the sagas a second then.
    private static let levels: [(outstanding: Int, goal: Goal?)] = [
        (1, Goal(wanted: 100, prototype: 128)), (16, Goal(wanted: 450, prototype: 684)),
        (64, Goal(wanted: 1_000, prototype: 1_511)), (256, Goal(wanted: 1_200, prototype: 1_709)), (1_024, nil),
    ]
    /// The milliseconds from placing to approved with one order under way.
    private static let loneGoal = Goal(wanted: 10, prototype: 7.7)
    /// Where the system is full.
    private static let saturation = 256
    private static let storedCount = 200_000
    /// The sagas that both stores have had before one is filled.
    private static let storedCountBefore = 2_000

    /// Measures a side beside the prototype, which is there for as long as that takes.
    static func compare(_ skald: SagaSide, _ settings: RunSettings, _ report: inout Report) async throws {
        let system = skald.system
        try await SagaSystem.lend("prototype", of: .prototype, on: system.broker, system.cluster) { other in
            let side = try await SagaSide(prefix: "c_", system: other, generator: OrderGenerator(other))
            defer { Task { await side.generator.close() } }
            try await SagaBenchmark(skald: skald, prototype: side, settings: settings).measure(&report)
            try await PrototypeAudit.check(other, orderCount: side.generator.orderCount)
        }
    }

    private var sides: [SagaSide] { [skald] + (prototype.map { [$0] } ?? []) }

    private func measure(_ report: inout Report) async throws {
        try await skald.generator.bringWhatIsNeeded()
        for side in sides {
            _ = try await side.generator.run(
                settings.count(1_000, quick: 10), outstanding: settings.count(64, quick: 4))
        }
        let rounds = try await measureLevels()
        for side in sides { reportLevels(of: side, rounds, &report) }
        reportRatios(rounds, &report)
        if settings.wants("idle") { try await measureIdle(&report) }
        for side in sides { side.costs.report(as: side.prefix, to: &report) }
        if settings.wants("counts") {
            for side in sides { try await countMessages(side, &report) }
        }
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

    /// Level by level, so that the sides of one are always neighbours: neighbours share their noise.
    private func measureLevels() async throws -> Rounds {
        var rounds = Rounds()
        for (outstanding, _) in levels {
            let comparison = Comparison(
                "saga",
                sides.map { side in
                    .init(name: side.name(outstanding)) {
                        try await side.measure(orderCount(outstanding), outstanding: outstanding)
                    }
                })
            rounds.add(try await comparison.run(settings))
        }
        return rounds
    }

    private var levels: [(outstanding: Int, goal: Goal?)] {
        Self.levels.filter { settings.wants(skald.name($0.outstanding)) }
    }

    private func reportLevels(of side: SagaSide, _ rounds: Rounds, _ report: inout Report) {
        let isSkald = side.prefix.isEmpty
        let spreads = levels.map { rounds.spread(side.name($0.outstanding), \.perSecond) }
        if let best = spreads.max(by: { $0.median < $1.median }) {
            report.figure("\(side.prefix)sagas_per_second", best)
        }
        for (level, spread) in zip(levels, spreads) {
            report.figure(
                "\(side.prefix)sagas_per_second_at_\(level.outstanding)", spread,
                reach: isSkald ? level.goal.map { .atLeast($0.wanted) } : nil)
        }
        for (outstanding, name) in [(1, "at_1"), (Self.saturation, "saturated")]
        where rounds.hasSide(side.name(outstanding)) {
            for percent in [50, 95, 99] {
                let spread = rounds.spread(side.name(outstanding)) {
                    $0.latencyMicroseconds(percentile: Double(percent)) / 1_000
                }
                let isGoal = isSkald && outstanding == 1 && percent == 50
                report.figure(
                    "\(side.prefix)\(name)_p\(percent)_ms", spread,
                    reach: isGoal ? .atMost(Self.loneGoal.wanted) : nil)
            }
        }
    }

    private func reportRatios(_ rounds: Rounds, _ report: inout Report) {
        guard let prototype else { return }
        for (outstanding, goal) in levels {
            report.ratio(
                "saga_at_\(outstanding)_vs_c",
                rounds.ratio(skald.name(outstanding), over: prototype.name(outstanding), \.perSecond),
                reach: goal.map { .atLeast($0.ratio) })
        }
        if rounds.hasSide(skald.name(1)) {
            report.ratio(
                "saga_at_1_p50_vs_c",
                rounds.ratio(skald.name(1), over: prototype.name(1)) { $0.latencyMicroseconds(percentile: 50) },
                reach: .atMost(Self.loneGoal.ratio))
        }
    }

    /// Five orders a second: each finds everybody asleep. The sides take turns, as neighbours share their noise.
    private func measureIdle(_ report: inout Report) async throws {
        let percents = [50.0, 95, 99]
        var percentiles: [String: [Double]] = [:]
        for _ in 0..<settings.roundCount {
            for side in sides {
                let latencies = try await side.generator.runSlowly(
                    settings.count(50, quick: 2), every: .milliseconds(200))
                let spread = Spread(latencies.map(\.inMilliseconds))
                for percent in percents {
                    percentiles["\(side.prefix)idle_p\(Int(percent))", default: []].append(spread.percentile(percent))
                }
            }
        }
        for side in sides {
            for name in percents.map({ "\(side.prefix)idle_p\(Int($0))" }) {
                report.figure("\(name)_ms", Spread(percentiles[name] ?? []))
            }
        }
        if prototype != nil, let ours = percentiles["idle_p50"], let theirs = percentiles["c_idle_p50"] {
            report.ratio("saga_idle_p50_vs_c", Spread(zip(ours, theirs).map { $0 / $1 }))
        }
    }

    private func countMessages(_ side: SagaSide, _ report: inout Report) async throws {
        let count = orderCount(Self.saturation)
        let pause = settings.isQuick ? Duration.zero : SagaCounters.settlingTime
        try await Task.sleep(for: pause)
        let before = try await SagaCounters.read(side.system)
        _ = try await side.generator.run(count, outstanding: Self.saturation)
        try await Task.sleep(for: pause)
        let after = try await SagaCounters.read(side.system)
        report.figure(
            "\(side.prefix)messages_per_saga",
            Spread([Double(after.messageCount - before.messageCount) / Double(count)]))
        report.figure(
            "\(side.prefix)transactions_per_saga",
            Spread([Double(after.transactionCount - before.transactionCount) / Double(count)]))
    }

    /// The same load on this system, which has had few orders, and on one that has had many, in turns.
    func compareWithFullStore(_ large: SagaSystem, _ report: inout Report) async throws {
        let other = try await OrderGenerator(large)
        defer { Task { await other.close() } }
        for generator in [skald.generator, other] {
            try await generator.bringWhatIsNeeded()
            _ = try await generator.run(Self.storedCountBefore, outstanding: Self.saturation)
        }
        try await StoredSagas.fill(large, by: other, to: Self.storedCount)
        try await StoredSagas.tidy(skald.system)
        let count = orderCount(Self.saturation) / 2
        func side(_ name: String, _ generator: OrderGenerator) -> Comparison.Side {
            .init(name: name) {
                try await Measurement.take(count: count) { _ in
                    _ = try await generator.run(count, outstanding: Self.saturation)
                }
            }
        }
        let sides = [side("small", skald.generator), side("large", other)]
        let rounds = try await Comparison("stored", sides).run(settings)
        report.figure("stored_small_sagas", Spread([Double(try await StoredSagas.count(in: skald.system))]))
        report.figure("stored_large_sagas", Spread([Double(try await StoredSagas.count(in: large))]))
        report.ratio("rate_at_200k_vs_1k", rounds.ratio("large", over: "small", \.perSecond), reach: .atLeast(0.85))
    }

    static func describe(_ report: inout Report) {
        report.describe(
            "both sides",
            [
                "processes": "generator, order, consumer, kitchen, accounting, orchestrator, broker, postgres",
                "messages": "13 a saga, the order placed by message; durable quorum queues, persistent, confirmed",
                "broker": "a virtual host with the declared topology; a service consumes and publishes apart",
                "durability": "fsync and synchronous_commit on, COMMIT before the acknowledgement",
                "tables": "inbox, fence, stored replies, outbox; aggregates; instances and history of sagas",
                "batch": "at most 64, prefetch 256, one transaction; confirmed outbox rows go with the next",
                "database": "one for each service, one cluster, over its socket",
                "generator": "the same; the end is order.approved on its queue",
            ])
        report.describe(
            "saga",
            ["is": "the services as they are delivered", "kitchen": "simulation off", "log": "warnings and errors"])
        report.describe(
            "c",
            [
                "is": "one thread, one pipelined connection, best C for AMQP",
                "round trips": "two a batch; one for orders placed and sagas remembered, refused if that is wrong",
                "bodies": "fixed layouts of about our sizes, in tables too; envelopes stored as AMQP encodes them",
                "left out": "what no good run meets: refusals, compensation, timers that fire, recovery, partitions",
            ])
        report.describe(
            "stored",
            [
                "large": "a system that has done \(storedCount) orders",
                "small": "one that has done \(storedCountBefore)",
                "both": "systems begun for it, vacuumed and checkpointed before",
            ])
    }
}
