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
    package static func standard(service: String) -> ParticipantTelemetry {
        let sink = DescriptorLogSink.standardOutput
        var environment: [String: String] = [:]
        for name in ["LOG_LEVEL", "LOG_FORMAT", "NO_COLOR", "TERM"] {
            environment[name] = ServiceProgram.variable(name)
        }
        var configuration = LogConfiguration(level: .info, format: .json)
        var complaint: LogConfigurationError?
        do throws(LogConfigurationError) {
            configuration = try LogConfiguration(environment: environment, isTerminal: sink.isTerminal)
        } catch {
            complaint = error
        }
        let log = Logger(
            level: configuration.level, format: configuration.format, sink: sink,
            fields: ["service": .string(service)])
        if let complaint { log.warning("\(complaint)") }
        return ParticipantTelemetry(log: log, metrics: MetricRegistry())
    }
}
