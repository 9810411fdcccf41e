internal import LocalServers
internal import Telemetry

extension Benchmark {
    /// Commands through a participant beside what broker and database alone can do.
    static let participant = Benchmark(
        name: "participant", summary: "commands through consume, transact and reply, beside broker and database alone"
    ) { settings in
        try await withServers { broker, cluster in try await measureParticipant(broker, cluster, settings) }
    }

    private static func measureParticipant(
        _ broker: RabbitServer, _ cluster: PostgresCluster, _ settings: RunSettings
    ) async throws -> Report {
        let ceilings = PostgresBench(cluster)
        try await ceilings.createTables()
        let bench = try await ParticipantBench(broker, cluster)
        do {
            let report = try await measure(bench, ceilings, Endpoint(broker), settings)
            try await bench.close()
            return report
        } catch {
            // The first error is the one that matters.
            try? await bench.close()
            throw error
        }
    }

    private static func measure(
        _ bench: ParticipantBench, _ ceilings: PostgresBench, _ endpoint: Endpoint, _ settings: RunSettings
    ) async throws -> Report {
        var report = Report()
        describe(&report)
        let commandCount = settings.count(20_000, quick: 64)
        let costs = ProcessCosts()
        try await bench.run(bench.commands(64))
        let comparison = Comparison(
            "participant",
            [
                .init(name: "participant") {
                    let commands = try bench.commands(commandCount)
                    let before = bench.processorTimes()
                    let measurement = try await Measurement.take(count: commandCount) { _ in
                        try await bench.run(commands)
                    }
                    costs.add(before, bench.processorTimes(), commandCount)
                    return measurement
                },
                .init(name: "broker") { try await brokerCeiling(commandCount, endpoint) },
                .init(name: "postgres") {
                    try await ceilings.reset()
                    return try await PostgresBaseline(bench: ceilings).runSaga(
                        stepCount: commandCount / 64 * 64, batch: 64, connectionCount: 1,
                        bodySize: ParticipantBench.bodySize)
                },
            ])
        let rounds = try await comparison.run(settings)
        report.figure("commands_per_second", rounds.spread("participant", \.perSecond), reach: .atLeast(5_000))
        report.figure("broker_ceiling_commands_per_second", rounds.spread("broker", \.perSecond))
        report.figure("postgres_ceiling_steps_per_second", rounds.spread("postgres", \.perSecond))
        report.ratio("vs_broker_ceiling", rounds.ratio("participant", over: "broker", \.perSecond))
        report.ratio("vs_postgres_ceiling", rounds.ratio("participant", over: "postgres", \.perSecond))
        costs.report(to: &report)
        try await addIdle(bench, settings, to: &report)
        return report
    }

    /// A command and its reply are two messages, each published, confirmed, delivered and acknowledged; the two sides of the
    /// broker work at once, as they do under the participant.
    private static func brokerCeiling(_ commandCount: Int, _ endpoint: Endpoint) async throws -> Measurement {
        try BaselineQueue.create(on: endpoint)
        let load = Load(
            messageCount: commandCount * 2, bodySize: ParticipantBench.bodySize, window: ParticipantBench.window)
        let measurement = try await Measurement.take(count: commandCount, server: endpoint.processID) { _ in
            async let published = BaselineLoop.best.publish(load, to: endpoint)
            async let consumed = BaselineLoop.best.consume(
                Load(messageCount: load.messageCount, bodySize: load.bodySize, window: 250), from: endpoint)
            _ = try await (published, consumed)
        }
        try BaselineQueue.delete(on: endpoint)
        return measurement
    }

    /// One command at a time: from the call that publishes it to the reply in hand.
    private static func addIdle(
        _ bench: ParticipantBench, _ settings: RunSettings, to report: inout Report
    ) async throws {
        var medians: [Double] = []
        var tails: [Double] = []
        for _ in 0..<settings.roundCount {
            let latencies = Spread(try await bench.runOneByOne(settings.count(500, quick: 5)).map(\.inMilliseconds))
            medians.append(latencies.median)
            tails.append(latencies.percentile(99))
        }
        report.figure("idle_p50_ms", Spread(medians), reach: .atMost(5))
        report.figure("idle_p99_ms", Spread(tails), reach: .atMost(25))
    }

    private static func describe(_ report: inout Report) {
        report.describe(
            "all sides",
            [
                "queues": "durable quorum, persistent and mandatory messages of 512 B, confirmed",
                "durability": "fsync and synchronous_commit on", "window": "\(ParticipantBench.window)",
            ])
        report.describe(
            "participant",
            [
                "processes": "generator, participant, broker, database",
                "command": "inbox, lock by key, UPDATE, stored reply, outbox, delete of the confirmed row",
                "batch": "at most 64, prefetch 256",
            ])
        report.describe("broker", ["work": "two messages a command, publisher and consumer in C at once"])
        report.describe("postgres", ["work": "saga steps in C, 64 in a transaction, one connection"])
    }
}

/// What a command costs each process, over the rounds.
private final class ProcessCosts: Sendable {
    private let microseconds = Lock<[String: [Double]]>([:])

    func add(_ before: [String: Duration], _ after: [String: Duration], _ count: Int) {
        microseconds.withLock { all in
            for (name, time) in after {
                all[name, default: []].append((time - (before[name] ?? .zero)).inMicroseconds / Double(count))
            }
        }
    }

    func report(to report: inout Report) {
        for (name, values) in microseconds.withLock({ $0 }).sorted(by: { $0.key < $1.key }) {
            report.figure("\(name)_cpu_us_per_command", Spread(values))
        }
    }
}
