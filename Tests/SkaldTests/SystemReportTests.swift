import LocalServers
import SagaModel
import Testing

@testable import Skald

@Suite struct SystemReportTests {
    private let report = SystemReport(folder: LocalFolder(path: "/nowhere"))

    private func state(
        _ phase: SystemState.Phase, _ condition: SystemState.ServiceState.Condition = .ready, isPrivate: Bool = true
    ) -> SystemState {
        SystemState(
            phase: phase, note: "", supervisor: .own, since: 0,
            broker: SystemState.Broker(hosts: ["b:1"], virtualHost: "/", isSecure: false, isPrivate: isPrivate),
            database: SystemState.Database(host: "d", port: 2, isPrivate: isPrivate),
            services: [
                SystemState.ServiceState(name: "order", condition: condition, note: "", restartCount: 0, log: "")
            ])
    }

    @Test func onlyAWholeSystemIsASuccess() {
        #expect(SystemReport.exit(for: state(.ready)) == .success)
        for other in [state(.starting), state(.stopping), state(.ready, .unready), state(.ready, .restarting)] {
            #expect(SystemReport.exit(for: other) == .failed)
        }
        var ended = state(.ready)
        ended.supervisor = nil
        #expect(SystemReport.exit(for: ended) == .unavailable && SystemReport.exit(for: nil) == .unavailable)
    }

    @Test func nobodySaysOfAServerWhatIsNotKnown() throws {
        func words(_ state: SystemState) throws -> [[String]] {
            let captured = CapturedConsole()
            try report.tell(state, captured.console())
            return captured.output.split(separator: "\n").map { line in line.split(separator: " ").map(String.init) }
        }
        #expect(try words(state(.ready)).contains(["broker", "running", "amqp://b:1/"]))
        #expect(try words(state(.stopping)).contains(["database", "stopping", "postgres://d:2/"]))
        let others = try words(state(.ready, isPrivate: false))
        #expect(others.contains(["broker", "not", "ours", "amqp://b:1/"]))
        #expect(others.contains(["database", "not", "ours", "postgres://d:2/"]))
    }

    @Test func whyASystemEndedByItselfIsSaid() throws {
        var failed = state(.failed)
        failed.supervisor = nil
        failed.note = "the broker has ended"
        guard case .record(let record) = report.value(of: failed, PauseReport(pauses: [:])) else {
            Issue.record("no record")
            return
        }
        #expect(record["note"] == .string("the broker has ended") && record["running"] == .boolean(false))
        let home = try TemporaryFolder()
        try home.write("state.json", #"{"phase":"failed","note":"the broker has ended","since":0,"services":[]}"#)
        let failure = #expect(throws: Failure.self) { try SystemState.running(LocalFolder(path: home.path)) }
        #expect(failure?.message == "nothing runs here; the system ended by itself: the broker has ended")
    }
}
