/// The values of one figure over the rounds, so that noise is seen beside the median.
struct Spread: Sendable, Equatable {
    /// In ascending order, never empty.
    let sorted: [Double]

    /// - Precondition: at least one value.
    init(_ values: [Double]) {
        precondition(!values.isEmpty, "a spread needs a value")
        sorted = values.sorted()
    }

    var minimum: Double { sorted[0] }
    var maximum: Double { sorted[sorted.count - 1] }
    var median: Double { percentile(50) }

    /// The value below which `percent` of the values lie, interpolated between neighbours.
    func percentile(_ percent: Double) -> Double {
        let position = percent / 100 * Double(sorted.count - 1)
        let lower = Int(position)
        let upper = min(lower + 1, sorted.count - 1)
        return sorted[lower] + (sorted[upper] - sorted[lower]) * (position - Double(lower))
    }
}
