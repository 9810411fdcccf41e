/// The report as a table for people: every side's configuration, each median with its least and greatest value.
struct TableRendering {
    let benchmark: String
    let machine: MachineFacts
    let report: Report

    var text: String {
        [
            "bench \(benchmark)",
            "machine  " + machine.facts.map { "\($0.name)=\($0.value.text)" }.joined(separator: "  "),
            configurations,
            section("ratios", report.ratios),
            section("figures", report.figures),
        ].filter { !$0.isEmpty }.joined(separator: "\n\n")
    }

    /// One line for each side.
    var configurations: String {
        let width = report.configurations.map(\.side.count).max() ?? 0
        return report.configurations.map { configuration in
            let facts = configuration.facts.map { "\($0.name)=\($0.value)" }.joined(separator: "  ")
            return "\(configuration.side.padded(to: width))  \(facts)"
        }.joined(separator: "\n")
    }

    private func section(_ title: String, _ findings: [Finding]) -> String {
        guard !findings.isEmpty else { return "" }
        let width = max(title.count, findings.map(\.name.count).max() ?? 0)
        let head =
            title.padded(to: width) + ["median", "min", "max"].map { $0.aligned(to: 12) }.joined() + "  reach"
        return ([head] + findings.map { row($0, width) }).joined(separator: "\n")
    }

    private func row(_ finding: Finding, _ width: Int) -> String {
        let spread = finding.spread
        let columns = [spread.median, spread.minimum, spread.maximum].map { $0.shortText.aligned(to: 12) }.joined()
        return "\(finding.name.padded(to: width))\(columns)\(verdict(finding))"
    }

    private func verdict(_ finding: Finding) -> String {
        guard let reach = finding.reach else { return "" }
        let bound =
            switch reach {
            case .atLeast(let value): "at least \(value.shortText)"
            case .atMost(let value): "at most \(value.shortText)"
            }
        return "  \(bound): \(reach.isReached(by: finding.spread.median) ? "reached" : "MISSED")"
    }
}
