/// Publishing to a stand-in that confirms and keeps nothing: what is left is the client's own cost.
struct NullSinkWorkload: Sendable {
    private let load: Load

    init(_ settings: RunSettings) {
        load = Load(messageCount: settings.count(200_000, quick: 1_200), window: 1_000)
    }

    func run(_ settings: RunSettings, into report: inout Report) async throws {
        let sink = try NullSink()
        let endpoint = sink.endpoint
        let load = load
        let comparison = Comparison(
            "publish into null sink",
            AMQPSide.allCases.map { side in
                Comparison.Side(name: side.rawValue) {
                    try await Self.withoutSink(side.loop.publish(load, to: endpoint))
                }
            })
        let rounds = try await comparison.run(settings)
        for side in AMQPSide.allCases {
            report.figure(
                "publish_null_sink_\(side.rawValue)_cpu_us_per_message",
                rounds.spread(side.rawValue, \.processorMicrosecondsPerUnit))
        }
    }

    /// Takes the processor time of the sink's own thread out.
    private static func withoutSink(_ measurement: Measurement) -> Measurement {
        var client = measurement
        client.processorTime -= measurement.threadTimes[NullSink.threadName] ?? .zero
        return client
    }
}
