/// What every metric tells of itself.
package struct MetricDescription: Sendable, Equatable {
    package let name: String
    package let help: String
    package let labelNames: [String]

    /// Traps on a name Prometheus would refuse: names are constants of the program, not data.
    package init(_ name: String, help: String, labels labelNames: [String] = []) {
        precondition(Self.isName(name), "\"\(name)\" is no metric name")
        for label in labelNames { precondition(Self.isName(label), "\"\(label)\" is no label name") }
        self.name = name
        self.help = help
        self.labelNames = labelNames
    }

    private static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return text.utf8.allSatisfy {
            (0x61...0x7A).contains($0) || (0x41...0x5A).contains($0) || (0x30...0x39).contains($0)
                || $0 == UInt8(ascii: "_")
        }
    }
}

/// All series of one metric, one for each set of label values.
///
/// `with` takes a lock: ask for a series once and keep it, then the hot path is the series alone. The number of series
/// is bounded, because a label filled from a message would otherwise eat the memory of the process: what comes past the
/// bound is counted under the label value `other`.
package final class MetricFamily<Series: AnyObject & Sendable>: Sendable {
    package let description: MetricDescription
    package let seriesCountMax: Int
    private let make: @Sendable () -> Series
    private let series = Lock<[[String]: Series]>([:])

    package init(
        _ description: MetricDescription, seriesCountMax: Int = 1000, make: @escaping @Sendable () -> Series
    ) {
        self.description = description
        self.seriesCountMax = seriesCountMax
        self.make = make
    }

    /// The series of these label values, in the order of the label names.
    package func with(_ values: String...) -> Series { with(values) }

    package func with(_ values: [String]) -> Series {
        precondition(
            values.count == description.labelNames.count,
            "\(description.name) has the labels \(description.labelNames), got the values \(values)")
        return series.withLock { all in
            if let known = all[values] { return known }
            let isFull = all.count >= seriesCountMax
            let key = isFull ? [String](repeating: "other", count: values.count) : values
            if let known = all[key] { return known }
            let new = make()
            all[key] = new
            return new
        }
    }

    /// Every series with its label values, sorted by them so that two readings line up.
    package var all: [(labelValues: [String], series: Series)] {
        let known = series.withLock { $0 }
        return known.map { (labelValues: $0.key, series: $0.value) }
            .sorted { $0.labelValues.lexicographicallyPrecedes($1.labelValues) }
    }
}
