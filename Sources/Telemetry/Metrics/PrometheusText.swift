/// The metrics of a registry as Prometheus reads them: `text/plain; version=0.0.4`.
package enum PrometheusText {
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    package static func render(_ registry: MetricRegistry) -> String {
        registry.all.map(render).joined()
    }

    private static func render(_ entry: MetricRegistry.Entry) -> String {
        switch entry {
        case .counter(let family):
            head(family.description, "counter")
                + family.all.map { line(family.description, $0.labelValues, String($0.series.value)) }.joined()
        case .gauge(let family):
            head(family.description, "gauge")
                + family.all.map { line(family.description, $0.labelValues, number($0.series.value)) }.joined()
        case .histogram(let family):
            head(family.description, "histogram")
                + family.all.map { histogram(family.description, $0.labelValues, $0.series) }.joined()
        case .reading(let description, let kind, let read):
            head(description, kind.rawValue) + line(description, [], number(read()))
        }
    }

    private static func head(_ description: MetricDescription, _ type: String) -> String {
        "# HELP \(description.name) \(escaped(description.help, quotes: false))\n# TYPE \(description.name) \(type)\n"
    }

    private static func histogram(
        _ description: MetricDescription, _ labelValues: [String], _ histogram: Histogram
    ) -> String {
        let reading = histogram.reading
        var text = ""
        var cumulative: UInt64 = 0
        for (bound, count) in zip(histogram.bounds.map(number) + ["+Inf"], reading.counts) {
            cumulative += count
            let labels = labels(description.labelNames + ["le"], labelValues + [bound])
            text += "\(description.name)_bucket\(labels) \(cumulative)\n"
        }
        let labels = labels(description.labelNames, labelValues)
        text += "\(description.name)_sum\(labels) \(number(reading.sum))\n"
        text += "\(description.name)_count\(labels) \(cumulative)\n"
        return text
    }

    private static func line(_ description: MetricDescription, _ labelValues: [String], _ value: String) -> String {
        "\(description.name)\(labels(description.labelNames, labelValues)) \(value)\n"
    }

    private static func labels(_ names: [String], _ values: [String]) -> String {
        guard !names.isEmpty else { return "" }
        let pairs = zip(names, values).map { "\($0)=\"\(escaped($1, quotes: true))\"" }
        return "{" + pairs.joined(separator: ",") + "}"
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if let whole = Int64(exactly: value), whole.magnitude < 1 << 53 { return String(whole) }
        return "\(value)"
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
