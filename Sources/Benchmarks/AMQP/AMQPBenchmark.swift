internal import LocalServers

extension Benchmark {
    /// Publishing and consuming beside two C loops, on a private broker and into a null sink.
    static let amqp = Benchmark(
        name: "amqp", summary: "publish, confirm and consume beside plain librabbitmq and the best C loop on it"
    ) { settings in
        Progress.say("starting a private broker")
        let broker = try await RabbitServer.started()
        do {
            let report = try await measureAMQP(Endpoint(broker), settings)
            try await broker.shutDown()
            return report
        } catch {
            // The first error is the one that matters.
            try? await broker.shutDown()
            throw error
        }
    }

    private static func measureAMQP(_ broker: Endpoint, _ settings: RunSettings) async throws -> Report {
        var report = Report()
        for side in AMQPSide.allCases { report.describe(side.rawValue, side.configuration) }
        for workload in AMQPWorkload.all(settings) {
            let rounds = try await workload.comparison(on: broker).run(settings)
            workload.add(rounds, to: &report)
        }
        try await NullSinkWorkload(settings).run(settings, into: &report)
        return report
    }
}
