internal import LocalServers

extension Benchmark {
    /// Publishing and consuming beside two C loops, on a private broker and into a null sink.
    static let amqp = Benchmark(
        name: "amqp", summary: "publish, confirm and consume beside plain librabbitmq and the best C loop on it"
    ) { settings in
        Progress.say("starting a private broker")
        let broker = try await RabbitServer.started()
        do {
            let report = try await measureAMQP(broker, settings)
            try await broker.shutDown()
            return report
        } catch {
            // The first error is the one that matters.
            try? await broker.shutDown()
            throw error
        }
    }

    private static func measureAMQP(_ broker: RabbitServer, _ settings: RunSettings) async throws -> Report {
        let endpoint = Endpoint(broker)
        var report = Report()
        report.describeAMQPSides()
        // First, while the process is small: memory freed by other work would hide the growth.
        if settings.wants("idle_memory") {
            try await IdleConnections(endpoint, settings).run(into: &report)
        }
        for workload in AMQPWorkload.all(settings) where settings.wants(workload.name) {
            let rounds = try await workload.comparison(on: endpoint).run(settings)
            workload.add(rounds, to: &report)
            if workload.kind == .publish, workload.load.window == 1_000 { addCosts(rounds, to: &report) }
        }
        if settings.wants(NullSinkWorkload.name) {
            try await NullSinkWorkload(settings).run(settings, into: &report)
        }
        if settings.wants("recovery") {
            try await RecoveryTime(broker, settings).run(into: &report)
        }
        return report
    }

    /// The costs of our side at full rate, under names of their own.
    private static func addCosts(_ rounds: Rounds, to report: inout Report) {
        let ours = AMQPSide.skald.rawValue
        report.figure("write_syscalls_per_message", rounds.spread(ours, \.writesPerUnit), reach: .atMost(0.1))
        report.figure("allocations_per_message", rounds.spread(ours, \.allocationsPerUnit), reach: .atMost(3))
    }
}
