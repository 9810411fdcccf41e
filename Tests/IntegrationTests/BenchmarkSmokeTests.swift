import Foundation
import LocalServers
import Testing

/// Every benchmark runs, and its JSON has the names that are promised to readers. Speed is not looked at.
@Suite(.serialized) struct BenchmarkSmokeTests {
    /// The names promised for each benchmark. A benchmark without a line here fails `everyBenchmarkIsPromised`.
    static let promises: [String: (ratios: Set<String>, figures: Set<String>)] = [
        "amqp": (
            ratios: [
                "confirmed_publish_w1000_vs_best_c", "confirmed_publish_w1000_vs_plain_c",
                "confirmed_publish_w1_latency_vs_best_c", "consume_p250_vs_best_c", "consume_p250_vs_plain_c",
            ],
            figures: [
                "write_syscalls_per_message", "allocations_per_message", "recovery_after_port_open_ms",
                "confirmed_publish_w1_skald_p50_us", "confirmed_publish_w64_skald_tasks_per_second",
                "confirmed_publish_w1000_skald_per_second", "confirmed_publish_w1000_best_c_per_second",
                "confirmed_publish_w1000_plain_c_per_second", "consume_p1_skald_per_second",
                "consume_p250_skald_per_second", "publish_null_sink_skald_cpu_us_per_message",
                "publish_null_sink_best_c_cpu_us_per_message", "idle_memory_skald_kib_per_connection",
            ]
        ),
        "postgres": (
            ratios: [
                "saga_step_batch16_vs_c", "outbox_unnest_vs_c", "client_cpu_per_row_vs_c", "saga_step_batch16_cpu_vs_c",
                "outbox_one_by_one_vs_c", "outbox_pipelined64_vs_c", "outbox_copy_vs_c", "saga_step_one_by_one_vs_c",
                "saga_step_batch64_16_connections_vs_c",
            ],
            figures: [
                "saga_step_batch16_skald_per_second", "saga_step_batch16_c_per_second",
                "saga_step_batch16_4_connections_skald_per_second", "outbox_unnest_skald_cpu_us_per_row",
                "outbox_unnest_c_cpu_us_per_row",
            ]
        ),
        "check": (ratios: [], figures: ["states_per_second", "bytes_per_state"]),
        "replay": (ratios: [], figures: ["histories_per_second", "parsed_histories_per_second"]),
        // Services start, take orders and end, and so do those in C, whose tables are looked at: some ten seconds in a debug
        // build.
        "saga": (
            ratios: ["saga_at_1_vs_c", "saga_at_16_vs_c", "saga_at_64_vs_c", "saga_at_256_vs_c"],
            figures: [
                "sagas_per_second", "sagas_per_second_at_1", "sagas_per_second_at_16", "sagas_per_second_at_64",
                "sagas_per_second_at_256", "idle_p50_ms", "idle_p99_ms", "saturated_p99_ms", "cpu_ms_per_saga",
                "messages_per_saga", "transactions_per_saga", "c_sagas_per_second_at_1", "c_sagas_per_second_at_16",
                "c_sagas_per_second_at_64", "c_sagas_per_second_at_256", "c_at_1_p50_ms", "c_cpu_ms_per_saga",
            ]
        ),
        "participant": (
            ratios: ["vs_broker_ceiling", "vs_postgres_ceiling"],
            figures: ["commands_per_second", "idle_p50_ms", "idle_p99_ms"]
        ),
    ]

    @Test func everyBenchmarkIsPromised() async throws {
        let names = try await SkaldBenchProcess.run([]).split(separator: "\n").compactMap {
            $0.split(separator: " ").first
        }
        #expect(Set(names.map(String.init)) == Set(Self.promises.keys))
    }

    @Test(arguments: promises.keys.sorted())
    func theJSONHoldsWhatIsPromised(name: String) async throws {
        let output = try await SkaldBenchProcess.run([name, "--quick", "--json"])
        let object = try #require(try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any])
        #expect(object["bench"] as? String == name)
        #expect(Set(object.keys) == ["bench", "machine", "ratios", "figures"])
        let promise = try #require(Self.promises[name])
        let ratios = try #require(object["ratios"] as? [String: Double])
        let figures = try #require(object["figures"] as? [String: Double])
        #expect(promise.ratios.subtracting(ratios.keys) == [])
        #expect(promise.figures.subtracting(figures.keys) == [])
        #expect(ratios.values.allSatisfy { $0 > 0 })
    }
}

/// The benchmark program as a user starts it.
enum SkaldBenchProcess {
    struct Failure: Error {
        let status: Int32
        let arguments: [String]
    }

    /// Runs it and gives its standard output; its progress goes to the test's own standard error.
    ///
    /// Waiting takes a thread of its own: a minute of it on the cooperative pool would starve the other tests.
    static func run(_ arguments: [String]) async throws -> String {
        try await onOwnThread { try runHere(arguments) }
    }

    private static func runHere(_ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = try folder.appending(path: "skald-bench")
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(status: process.terminationStatus, arguments: arguments)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Where the build puts programs and the test bundle alike.
    private static var folder: URL {
        get throws {
            let bundle = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
            return URL(filePath: bundle).deletingLastPathComponent()
        }
    }
}
