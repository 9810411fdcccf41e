/// All metrics of a process, by name.
///
/// Asking twice for one name gives the same metric, so that two parts of a program may share it. Asking for it with
/// another kind or other labels is a mistake of the program and traps.
package final class MetricRegistry: Sendable {
    enum Entry: Sendable {
        case counter(MetricFamily<Counter>)
        case gauge(MetricFamily<Gauge>)
        case histogram(MetricFamily<Histogram>)
        case reading(MetricDescription, kind: ReadingKind, @Sendable () -> Double)
    }

    /// How a value that is read when asked behaves over time.
    package enum ReadingKind: String, Sendable {
        case counter, gauge
    }

    private let entries = Lock<[String: Entry]>([:])

    package init() {}

    package func counter(_ description: MetricDescription) -> MetricFamily<Counter> {
        precondition(description.name.hasSuffix("_total"), "counter \(description.name) must end in _total")
        let entry = entry(description) { .counter(MetricFamily(description, make: Counter.init)) }
        guard case .counter(let family) = entry else { preconditionFailure("\(description.name) is no counter") }
        return family
    }

    package func gauge(_ description: MetricDescription) -> MetricFamily<Gauge> {
        let entry = entry(description) { .gauge(MetricFamily(description, make: Gauge.init)) }
        guard case .gauge(let family) = entry else { preconditionFailure("\(description.name) is no gauge") }
        return family
    }

    package func histogram(
        _ description: MetricDescription, bounds: [Double] = Histogram.secondsBounds
    ) -> MetricFamily<Histogram> {
        let entry = entry(description) {
            .histogram(MetricFamily(description) { Histogram(bounds: bounds) })
        }
        guard case .histogram(let family) = entry else { preconditionFailure("\(description.name) is no histogram") }
        return family
    }

    /// A value that is read when the metrics are rendered. The closure must be quick and take no lock that may be held.
    package func reading(
        _ description: MetricDescription, kind: ReadingKind = .gauge, _ read: @escaping @Sendable () -> Double
    ) {
        precondition(description.labelNames.isEmpty, "\(description.name) is read whole, it can have no labels")
        entries.withLock { $0[description.name] = .reading(description, kind: kind, read) }
    }

    var all: [Entry] {
        let known = entries.withLock { $0 }
        return known.sorted { $0.key < $1.key }.map(\.value)
    }

    private func entry(_ description: MetricDescription, make: () -> Entry) -> Entry {
        entries.withLock { entries in
            if let known = entries[description.name] {
                precondition(
                    known.description.labelNames == description.labelNames,
                    "\(description.name) is registered with the labels \(known.description.labelNames)")
                return known
            }
            let new = make()
            entries[description.name] = new
            return new
        }
    }
}

extension MetricRegistry.Entry {
    var description: MetricDescription {
        switch self {
        case .counter(let family): family.description
        case .gauge(let family): family.description
        case .histogram(let family): family.description
        case .reading(let description, _, _): description
        }
    }
}
