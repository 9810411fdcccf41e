import Glibc

/// The command `skald-bench`: measures Skald beside the best C that does the same work.
@main
struct SkaldBench {
    /// Leaves the main actor at once: each hop from it costs a thread switch of 28 µs, which would be measured.
    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        if arguments.count == 2, arguments[0] == PrototypeService.word { exit(PrototypeService.serve(arguments[1])) }
        let status = await Task.detached {
            arguments == [BenchService.word] ? await BenchService.serve() : await run(arguments)
        }.value
        exit(status)
    }

    private static func run(_ arguments: [String]) async -> Int32 {
        do {
            switch try CommandLineRequest(arguments, catalogue: catalogue) {
            case .list:
                print(Usage.list(of: catalogue))
            case .help(let benchmark):
                print(benchmark.map(Usage.help(for:)) ?? Usage.general)
            case .run(let benchmarks, let settings, let isJSON):
                for benchmark in benchmarks {
                    try await perform(benchmark, settings, isJSON: isJSON)
                }
            }
            return 0
        } catch let error as UsageError {
            Progress.say("skald-bench: \(error.message)\n\(Usage.hint)")
            return ExitStatus.usage
        } catch {
            Progress.say("skald-bench: \(error)")
            return ExitStatus.failed
        }
    }

    private static func perform(_ benchmark: Benchmark, _ settings: RunSettings, isJSON: Bool) async throws {
        let machine = MachineFacts.read()
        if MachineFacts.build == "debug" {
            Progress.say("warning: a debug build; its figures say nothing about speed (swift build -c release)")
        }
        let report = try await benchmark.run(settings)
        try report.validate()
        let table = TableRendering(benchmark: benchmark.name, machine: machine, report: report)
        if isJSON {
            Progress.say(table.configurations)
            print(JSONRendering(benchmark: benchmark.name, machine: machine, report: report).text)
        } else {
            print(table.text)
        }
        fflush(nil)
    }
}

/// The exit statuses besides 0, after `sysexits.h`.
enum ExitStatus {
    static let failed: Int32 = 1
    static let usage: Int32 = 64
}
