/// What a benchmark found: how each side was set up, the figures, and the ratios between sides.
struct Report: Sendable {
    private(set) var configurations: [Configuration] = []
    private(set) var figures: [Finding] = []
    private(set) var ratios: [Finding] = []

    /// Says how a side was set up. Window, size, acknowledgement and fsync are equal on all sides, and this shows it.
    mutating func describe(_ side: String, _ facts: KeyValuePairs<String, String>) {
        configurations.append(Configuration(side: side, facts: facts.map { ($0.key, $0.value) }))
    }

    /// Adds a figure; the unit is the last word of its name.
    mutating func figure(_ name: String, _ spread: Spread, reach: Reach? = nil) {
        figures.append(Finding(name: name, spread: spread, reach: reach))
    }

    /// Adds a ratio of two sides measured in the same round.
    mutating func ratio(_ name: String, _ spread: Spread, reach: Reach? = nil) {
        ratios.append(Finding(name: name, spread: spread, reach: reach))
    }

    /// Refuses what a reader of the JSON could not use.
    func validate() throws(MalformedReport) {
        var names: Set<String> = []
        for finding in figures + ratios {
            guard finding.name.isSnakeCase else { throw MalformedReport("'\(finding.name)' is not in snake case") }
            guard names.insert(finding.name).inserted else { throw MalformedReport("'\(finding.name)' occurs twice") }
            guard finding.spread.sorted.allSatisfy(\.isFinite) else {
                throw MalformedReport("'\(finding.name)' holds a value that is not a number")
            }
        }
    }
}

/// How one side of a comparison was set up.
struct Configuration: Sendable {
    let side: String
    let facts: [(name: String, value: String)]
}

/// A named value with its spread over the rounds.
struct Finding: Sendable {
    let name: String
    let spread: Spread
    var reach: Reach?
}

/// The value a finding should reach.
enum Reach: Sendable, Equatable {
    case atLeast(Double)
    case atMost(Double)

    func isReached(by value: Double) -> Bool {
        switch self {
        case .atLeast(let bound): value >= bound
        case .atMost(let bound): value <= bound
        }
    }
}

/// A report that would mislead its reader; a fault of the benchmark.
struct MalformedReport: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = "malformed report: \(description)" }
}
