internal import SagaCheck
internal import SagaModel

extension Benchmark {
    /// The exhaustive checker on the shipped sagas, on one core.
    static let check = Benchmark(
        name: "check", summary: "the exhaustive checker: states a second and bytes a state of the shipped sagas"
    ) { settings in
        let sagas = try ShippedSagas.load()
        var report = Report()
        for workload in try CheckWorkload.all(sagas, settings) where settings.wants(workload.name) {
            try await workload.run(settings, into: &report)
        }
        return report
    }
}

/// A world that is searched again and again.
struct CheckWorkload: Sendable {
    /// How its figures begin; empty for the one that the project promises a rate for.
    let name: String
    let world: World
    /// How often one round searches it, so that a round lasts long enough to be measured.
    let repeatCount: Int

    static func all(_ sagas: [String: Definition], _ settings: RunSettings) throws -> [CheckWorkload] {
        guard let create = sagas["create-order"], let cancel = sagas["cancel-order"],
            let revise = sagas["revise-order"]
        else { throw MissingSaga() }
        // Deeper than any file asks for, to see how the rate holds when the states no longer fit the caches.
        let deep = Bounds(timeouts: 3, duplicates: 3, crashes: 2, losses: 2, attempts: 3)
        return [
            CheckWorkload(
                name: "create_order", world: try World([create]), repeatCount: settings.count(20, quick: 1)),
            CheckWorkload(
                name: "deep", world: try World([create], bounds: deep), repeatCount: settings.count(2, quick: 1)),
            CheckWorkload(
                name: "meeting",
                world: try World([create, cancel, revise], bounds: Check.meetingBounds),
                repeatCount: settings.count(4, quick: 1)),
        ]
    }

    func run(_ settings: RunSettings, into report: inout Report) async throws {
        let result = world.search()
        guard result.isExhaustive, result.violations.isEmpty else { throw BrokenSaga() }
        let comparison = Comparison(
            "check \(name)",
            [
                Comparison.Side(name: "skald") {
                    try await Measurement.take(count: result.stateCount * repeatCount) { _ in
                        for _ in 0..<repeatCount { _ = world.search() }
                    }
                }
            ])
        let rounds = try await comparison.run(settings)
        let isPromised = name == "create_order"
        let prefix = isPromised ? "" : name + "_"
        report.describe(
            name,
            [
                "sagas": world.sagas.map(\.original.name).joined(separator: ", "), "states": "\(result.stateCount)",
                "transitions": "\(result.transitionCount)", "depth": "\(result.depth)", "threads": "1",
                "bounds": "\(world.bounds)",
            ])
        report.figure(
            prefix + "states_per_second", rounds.spread("skald", \.perSecond),
            reach: isPromised ? .atLeast(500_000) : nil)
        report.figure(
            prefix + "states_per_cpu_second", rounds.spread("skald") { Double($0.count) / $0.processorTime.inSeconds })
        report.figure(
            prefix + "bytes_per_state", Spread([Double(result.byteCount) / Double(result.stateCount)]))
        report.figure(
            prefix + "whole_search_ms", rounds.spread("skald") { $0.elapsed.inMilliseconds / Double(repeatCount) })
    }
}

/// A saga that the benchmark measures is not shipped any more.
struct MissingSaga: Error, CustomStringConvertible {
    var description: String { "sagas/ lacks create-order, cancel-order or revise-order" }
}

/// A saga that the benchmark measures does not pass its check, so the search would end early.
struct BrokenSaga: Error, CustomStringConvertible {
    var description: String { "a shipped saga does not pass its check; run skald check" }
}
