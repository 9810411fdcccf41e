import Telemetry

/// How far a participant has come: what it still waits for.
final class StartupState: Sendable {
    private struct State {
        var schemaProblem: String? = "not looked at yet"
        var missing: [String]? = ["not looked at yet"]
        var isRunning = false
    }

    private let state = Lock(State())

    func schema(_ problem: String?) { state.withLock { $0.schemaProblem = problem } }
    func topology(_ missing: [String]) { state.withLock { $0.missing = missing } }
    func isRunning(_ isRunning: Bool) { state.withLock { $0.isRunning = isRunning } }

    var schemaProblem: String? { state.withLock { $0.schemaProblem } }
    var isRunning: Bool { state.withLock { $0.isRunning } }

    /// What the broker lacks, in words; nil if nothing.
    var topologyProblem: String? {
        guard let missing = state.withLock({ $0.missing }), !missing.isEmpty else { return nil }
        return missing.joined(separator: ", ")
    }
}
