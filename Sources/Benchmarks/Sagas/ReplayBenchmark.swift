internal import SagaModel

extension Benchmark {
    /// Recorded histories against the definition, parsing and replay apart, on one core.
    static let replay = Benchmark(
        name: "replay", summary: "histories of create-order, 14 inputs each: parsing, and replay once parsed"
    ) { settings in
        guard let definition = try ShippedSagas.load()["create-order"] else { throw MissingSaga() }
        let workload = try ReplayWorkload(CompiledDefinition(definition), settings)
        var report = Report()
        try await workload.run(settings, into: &report)
        return report
    }
}

/// Different histories, as text and parsed.
struct ReplayWorkload: Sendable {
    static let inputCount = 14
    private let definition: CompiledDefinition
    private let texts: [[UInt8]]
    private let histories: [History]
    /// How often one round goes through all histories.
    private let repeatCount: Int

    init(_ definition: CompiledDefinition, _ settings: RunSettings) throws {
        self.definition = definition
        let count = settings.count(5_000, quick: 50)
        repeatCount = settings.count(10, quick: 1)
        var maker = HistoryMaker(definition, inputCount: Self.inputCount)
        texts = (0..<count).map { _ in Array(maker.history().text.utf8) }
        // Parsed and not kept from the making, so that nothing is shared between them that would not be in life.
        histories = try texts.map { try History(try CanonicalJSON.value(of: $0)) }
    }

    func run(_ settings: RunSettings, into report: inout Report) async throws {
        let rounds = try await Comparison("replay", [replaying, parsing]).run(settings)
        let byteCount = texts.reduce(0) { $0 + $1.count } / texts.count
        report.describe(
            "create-order",
            [
                "histories": "\(texts.count), all different", "inputs": "\(Self.inputCount) each",
                "size": "\(byteCount) bytes each", "threads": "1",
            ])
        report.figure("histories_per_second", rounds.spread("replay", \.perSecond), reach: .atLeast(50_000))
        report.figure(
            "histories_per_cpu_second", rounds.spread("replay") { Double($0.count) / $0.processorTime.inSeconds })
        report.figure("allocations_per_history", rounds.spread("replay", \.allocationsPerUnit))
        report.figure("parsed_histories_per_second", rounds.spread("parse", \.perSecond))
        report.figure(
            "parsed_mib_per_second", rounds.spread("parse") { $0.perSecond * Double(byteCount) / 1_048_576 })
    }

    private var replaying: Comparison.Side {
        Comparison.Side(name: "replay") {
            try await Measurement.take(count: histories.count * repeatCount) { _ in
                for _ in 0..<repeatCount {
                    for history in histories where history.replay(with: definition) != nil { throw Diverged() }
                }
            }
        }
    }

    private var parsing: Comparison.Side {
        Comparison.Side(name: "parse") {
            try await Measurement.take(count: texts.count) { _ in
                for text in texts { _ = try History(try CanonicalJSON.value(of: text)) }
            }
        }
    }
}

/// A history that the benchmark has just made does not replay.
struct Diverged: Error, CustomStringConvertible {
    var description: String { "a history does not replay against the definition that made it" }
}
