/// Publishing to a stand-in that confirms and keeps nothing: what is left is the client's own cost.
struct NullSinkWorkload: Sendable {
    static let name = "publish_null_sink"

    private let load: Load

    init(_ settings: RunSettings) {
        load = Load(messageCount: settings.count(200_000, quick: 1_200), window: 1_000)
    }

    func run(_ settings: RunSettings, into report: inout Report) async throws {
        let sink = try NullSink()
        let endpoint = sink.endpoint
        let load = load
        let sides = AMQPSide.publishing
        let comparison = Comparison(
            Self.name,
            sides.map { side in
                Comparison.Side(name: side.rawValue) {
                    try await Self.withoutSink(side.publish(load, to: endpoint))
                }
            })
        let rounds = try await comparison.run(settings)
        for side in sides {
            let cost = rounds.spread(side.rawValue, \.processorMicrosecondsPerUnit)
            let reach: Reach? = side == .skald ? .atMost(1) : nil
            report.figure("\(Self.name)_\(side.rawValue)_cpu_us_per_message", cost, reach: reach)
        }
        report.ratio(
            "\(Self.name)_cpu_vs_best_c",
            rounds.ratio(AMQPSide.skald.rawValue, over: AMQPSide.best.rawValue, \.processorMicrosecondsPerUnit))
    }

    /// Takes the processor time of the sink's own thread out.
    private static func withoutSink(_ measurement: Measurement) -> Measurement {
        var client = measurement
        client.processorTime -= measurement.threadTimes[NullSink.threadName] ?? .zero
        return client
    }
}
