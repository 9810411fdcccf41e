import SagaCheck
import SagaModel
import Testing

@Suite("Awaited events")
struct EventTests {
    static let wait = """
          - id: hear
            kind: retriable
            await: { events: till.drawer-opened, key: saleId, equals: data.saleId, on-timeout: proceed }
            timeout: PT1M
        outcomes:
        """

    @Test("wait for a saga that has not started")
    func beforeTheStart() throws {
        let definition = try Sale.changed(saga: [("outcomes:", Self.wait)])
        let report = try Check.check([definition])
        #expect(report.findings == [])
        #expect(report.search.coverage.begunSteps[0].contains("hear"))
    }

    @Test("are not expected by a saga that has not started")
    func scenarioBeforeTheStart() throws {
        let definition = try Sale.changed(saga: [("outcomes:", Self.wait)])
        let event = Scenario.Given.occurred(saga: nil, event: "till.drawer-opened", payload: nil)
        let scenario = Scenario(
            name: "early", sagas: ["sell"], moments: [.init(given: event, expect: [.ignored(reason: nil)])])
        #expect(try scenario.run(with: [definition]).failure == nil)
    }

    @Test("may never come, so a wait without a timeout after the pivot never ends")
    func neverPublished() throws {
        let wait = Self.wait.replacing("timeout: PT1M", with: "timeout: never").replacing(
            ", on-timeout: proceed", with: "")
        let definition = try Sale.changed(saga: [("outcomes:", wait)])
        let report = try Check.check([definition])
        #expect(report.findings.map(\.code) == [.neverEnds])
        #expect(report.findings.first?.message == "nothing can happen any more, but sell waits for hear.")
        let scenario = try #require(report.findings.first?.scenario)
        #expect(try scenario.run(with: [definition]).failure?.expectation == 0)
    }

    @Test("are waited for until the deadline before the pivot, however early timers may fire")
    func deadline() throws {
        let wait = """
            steps:
              - id: hear
                kind: check
                await: { events: till.drawer-opened, key: saleId, equals: data.saleId }
                timeout: never
            """
        var definition = try Sale.changed(saga: [("steps:", wait), ("timeouts: 1", "timeouts: 0")])
        let report = try Check.check([definition])
        #expect(report.findings == [])
        #expect(report.search.coverage.outcomes == [["sold", "unsold"]])
        definition.deadline = nil
        #expect(try Sale.codes(definition) == [.neverEnds])
    }

    @Test("may end among the dead letters", arguments: [0, 1])
    func lost(losses: Int) throws {
        let wait = Self.wait.replacing("timeout: PT1M", with: "timeout: never").replacing(
            ", on-timeout: proceed", with: "")
        let moves = "open: { from: SHUT, to: OPEN, emits: till.drawer-opened }"
        let drawer = Sale.drawer("states: [SHUT, OPEN]", "moves: { \(moves) }")
        let definition = try Sale.changed(
            participant: [drawer], saga: [("outcomes:", wait), ("losses: 0", "losses: \(losses)")])
        let report = try Check.check([definition])
        #expect(report.findings.map(\.code) == (losses == 0 ? [] : [.neverEnds]))
        #expect((report.findings.first?.story?.description.contains("dead letters") ?? true))
    }
}
