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
}
