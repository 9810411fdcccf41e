import Testing

@testable import Benchmarks

@Suite struct CommandLineRequestTests {
    private let catalogue = [
        Benchmark(
            name: "saga", summary: "whole sagas",
            options: [NumberOption(name: "orders", summary: "orders placed", standard: 100)]
        ) { _ in Report() },
        Benchmark(name: "check", summary: "states") { _ in Report() },
    ]

    @Test func noArgumentsAskForTheList() throws {
        guard case .list = try CommandLineRequest([], catalogue: catalogue) else {
            Issue.record("expected the list")
            return
        }
    }

    @Test func everyOptionIsRead() throws {
        let arguments = ["saga", "--json", "--runs", "7", "--orders", "42", "--only", "publish"]
        let request = try CommandLineRequest(arguments, catalogue: catalogue)
        guard case .run(let benchmarks, let settings, let isJSON) = request else {
            Issue.record("expected a run")
            return
        }
        #expect(benchmarks.map(\.name) == ["saga"])
        #expect(settings.roundCount == 7)
        #expect(settings.numbers == ["orders": 42])
        #expect(isJSON && !settings.isQuick)
        #expect(settings.wants("publish_w1") && !settings.wants("consume"))
    }

    @Test func quickIsOneRoundUnlessAsked() throws {
        #expect(try roundCount(["check", "--quick"]) == 1)
        #expect(try roundCount(["check", "--quick", "--runs", "2"]) == 2)
        #expect(try roundCount(["check"]) == 5)
    }

    @Test func allMeansEveryBenchmark() throws {
        guard case .run(let benchmarks, _, _) = try CommandLineRequest(["all"], catalogue: catalogue) else {
            Issue.record("expected a run")
            return
        }
        #expect(benchmarks.map(\.name) == ["saga", "check"])
    }

    @Test func helpAfterANameIsAboutThatBenchmark() throws {
        guard case .help(let benchmark) = try CommandLineRequest(["saga", "--help"], catalogue: catalogue) else {
            Issue.record("expected help")
            return
        }
        #expect(benchmark?.name == "saga")
        #expect(Usage.help(for: catalogue[0]).contains("--orders N   orders placed (default 100)"))
    }

    @Test(arguments: [
        (["nothing"], "there is no benchmark 'nothing'; there are: saga, check, all"),
        (["check", "--runs"], "--runs needs a number after it"),
        (["check", "--runs", "0"], "--runs needs a whole number above 0, not '0'"),
        (["check", "--only"], "--only needs a name after it"),
        (["check", "--orders", "3"], "unknown option '--orders'"),
        (["check", "extra"], "unknown option 'extra'"),
    ])
    func badArgumentsAreNamed(arguments: [String], message: String) {
        #expect(throws: UsageError(message)) { try CommandLineRequest(arguments, catalogue: catalogue) }
    }

    private func roundCount(_ arguments: [String]) throws -> Int? {
        guard case .run(_, let settings, _) = try CommandLineRequest(arguments, catalogue: catalogue) else {
            return nil
        }
        return settings.roundCount
    }
}
