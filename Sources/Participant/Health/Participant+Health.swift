import Telemetry

extension Participant {
    /// How the participant is: live as long as this answers, ready when messages are being worked on.
    public func health() async -> HealthReport {
        let answers = await database.answers()
        let pauses = pausedTypes.all.sorted()
        let reasons = gate.reasons
        var checks = [
            check("database", answers ? nil : "does not answer"),
            check("schema", startup.schemaProblem),
            check("broker", broker.isConnected ? nil : "not connected"),
            check("publishing", broker.blockedReason.map { "blocked by the broker: \($0)" }),
            check("topology", startup.topologyProblem),
            check("consuming", startup.isRunning ? nil : "not started"),
            check("operator", reasons.contains(.paused) ? "paused" : nil),
        ]
        // Held types are worth knowing, and no reason to take a service out of its work.
        if !pauses.isEmpty {
            checks.append(HealthReport.Check(name: "held types", isOK: true, reason: pauses.joined(separator: ", ")))
        }
        return HealthReport(checks: checks, isLive: true)
    }

    /// What the participant counts, as Prometheus reads it.
    public var metricsText: String { PrometheusText.render(telemetry.metrics) }

    private func check(_ name: String, _ problem: String?) -> HealthReport.Check {
        HealthReport.Check(name: name, isOK: problem == nil, reason: problem)
    }
}

extension ParticipantTelemetry {
    /// A log as the environment asks for it, on standard output, and metrics of its own.
    static func standard(service: String) -> ParticipantTelemetry {
        let sink = DescriptorLogSink.standardOutput
        return ParticipantTelemetry(
            log: Logger(
                format: sink.isTerminal ? .text(isColored: true) : .json, sink: sink,
                fields: ["service": .string(service)]),
            metrics: MetricRegistry())
    }
}
