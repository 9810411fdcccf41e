/// The texts that explain the command.
enum Usage {
    static let hint = "Run 'skald-bench' for the list of benchmarks, 'skald-bench --help' for the options."

    static let general = """
        Usage: skald-bench NAME [--json] [--quick] [--runs N] [--only NAME] [--help]
               skald-bench all [...]      every benchmark in turn
               skald-bench                the list of benchmarks

          --json     one JSON object on standard output, progress and configurations on standard error
          --quick    tiny counts and one round, to see that it runs; its figures mean nothing
          --runs N   measured rounds of each comparison (default \(RunSettings().roundCount)); medians are reported
          --only X   only comparisons whose name begins with X; promised names may then be missing
          --help     this text, or after NAME that benchmark's own

        Exit status: 0 measured, 1 failed, 64 arguments not understood.
        """

    static func list(of benchmarks: [Benchmark]) -> String {
        let width = benchmarks.map(\.name.count).max() ?? 0
        return benchmarks.map { "\($0.name.padded(to: width))  \($0.summary)" }.joined(separator: "\n")
    }

    static func help(for benchmark: Benchmark) -> String {
        var lines = ["skald-bench \(benchmark.name): \(benchmark.summary)", ""]
        for option in benchmark.options {
            lines.append("  --\(option.name) N   \(option.summary) (default \(option.standard))")
        }
        lines.append(benchmark.options.isEmpty ? "Options: as 'skald-bench --help' says." : "")
        return lines.joined(separator: "\n")
    }
}
