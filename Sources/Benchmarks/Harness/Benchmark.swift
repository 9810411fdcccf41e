/// A named comparison that yields a report.
struct Benchmark: Sendable {
    /// The word on the command line and in the JSON, in snake case.
    let name: String
    let summary: String
    /// Options of this benchmark alone, besides those all of them take.
    var options: [NumberOption] = []
    /// Measures. Runs off the main actor; whatever it started it stops, also when it throws.
    let run: @Sendable (RunSettings) async throws -> Report
}

/// An option `--name N` of one benchmark.
struct NumberOption: Sendable {
    /// Without the dashes.
    let name: String
    let summary: String
    let standard: Int
}

/// How often and how much to measure.
struct RunSettings: Sendable {
    /// The measured rounds of each comparison; an odd number gives a true median.
    var roundCount = 5
    /// Tiny counts, to see that everything runs. The figures of such a run mean nothing.
    var isQuick = false
    /// How the names of the wanted comparisons begin; nil wants all of them.
    var only: String?
    /// The values of the benchmark's own options.
    var numbers: [String: Int] = [:]

    /// Chooses a count by whether the run is quick.
    func count(_ full: Int, quick: Int) -> Int { isQuick ? quick : full }

    /// Whether the comparison of this name is wanted.
    func wants(_ name: String) -> Bool { only.map(name.hasPrefix) ?? true }
}
