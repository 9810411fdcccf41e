internal import Telemetry

/// One of the systems that are measured beside each other, with what drives it.
struct SagaSide: Sendable {
    /// What its figures' names begin with; empty for the system that is delivered.
    let prefix: String
    let system: SagaSystem
    let generator: OrderGenerator
    let costs = SagaCosts()

    /// Its place in the comparison at a level.
    func name(_ outstanding: Int) -> String { "\(prefix)at_\(outstanding)" }

    /// Runs orders and takes what they cost each process.
    func measure(_ count: Int, outstanding: Int) async throws -> Measurement {
        let before = system.processorTimes()
        let measurement = try await Measurement.take(count: count) { measurement in
            measurement.latencies = try await generator.run(count, outstanding: outstanding)
        }
        costs.add(before, system.processorTimes(), count, at: outstanding)
        if let trouble = system.trouble { throw BaselineFailure(description: trouble) }
        return measurement
    }
}

/// What a saga costs each process.
final class SagaCosts: Sendable {
    /// By name and orders under way.
    private let milliseconds = Lock<[String: [Int: [Double]]]>([:])

    func add(_ before: [String: Duration], _ after: [String: Duration], _ count: Int, at outstanding: Int) {
        milliseconds.withLock { all in
            var sum = 0.0
            for (name, time) in after {
                let cost = (time - (before[name] ?? .zero)).inMilliseconds / Double(count)
                all[name, default: [:]][outstanding, default: []].append(cost)
                // The generator stands for the world outside.
                if name != "generator" { sum += cost }
            }
            all["", default: [:]][outstanding, default: []].append(sum)
        }
    }

    func report(as side: String, to report: inout Report) {
        for (name, levels) in milliseconds.withLock({ $0 }).sorted(by: { $0.key < $1.key }) {
            let process = name.isEmpty ? "" : "\(name)_"
            if let values = levels[256] { report.figure("\(side)\(process)cpu_ms_per_saga", Spread(values)) }
            for outstanding in [1, 16] {
                guard let values = levels[outstanding] else { continue }
                report.figure("\(side)at_\(outstanding)_\(process)cpu_ms_per_saga", Spread(values))
            }
        }
    }
}
