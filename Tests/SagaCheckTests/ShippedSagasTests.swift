import SagaCheck
import SagaModel
import Testing

/// With fewer faults than their files ask for, because a debug build is slow; `make check` runs them all.
@Suite("The shipped sagas")
struct ShippedSagasTests {
    private static let bounds = Bounds(timeouts: 1, duplicates: 1, crashes: 0, losses: 1, attempts: 1)

    @Test("are clean, each by itself", arguments: ["create-order", "cancel-order", "revise-order"])
    func alone(name: String) throws {
        let report = try Check.check([try Shipped.saga(name)], bounds: Self.bounds)
        #expect(report.findings == [])
        #expect(report.search.isExhaustive)
        #expect(report.search.stateCount > 1_000, "a check that sees next to nothing proves nothing")
        let definition = try Shipped.saga(name)
        #expect(report.search.coverage.outcomes == [Set(definition.outcomes.map(\.name))])
        #expect(report.search.coverage.begunSteps[0].isSuperset(of: definition.steps.map(\.id)))
    }

    @Test("are clean where they meet while the kitchen works")
    func together() throws {
        let sagas = try #require(Check.meetings(of: Shipped.all).first)
        #expect(sagas.map(\.name) == ["create-order", "cancel-order", "revise-order"], "orders are created first")
        let report = try Check.check(
            sagas, bounds: Bounds(timeouts: 0, duplicates: 0, crashes: 0, losses: 0, attempts: 1))
        #expect(report.findings == [])
        #expect(report.search.isExhaustive)
        let outcomes = report.search.coverage.outcomes
        #expect(outcomes[0] == ["approved", "rejected"])
        #expect(outcomes[1] == ["cancelled", "refused"])
        #expect(outcomes[2].count == 2)
    }

    @Test("meet all three on one order")
    func meetings() {
        let groups = Check.meetings(of: Shipped.all)
        #expect(groups.map { $0.map(\.name) } == [["create-order", "cancel-order", "revise-order"]])
        #expect(Check.meetings(of: Array(Shipped.all.prefix(1))).isEmpty)
        let versions = Shipped.all.flatMap { saga in
            [1, 3, 2].map { version in
                var saga = saga
                saga.version = version
                return saga
            }
        }
        #expect(Check.meetings(of: versions).map { $0.map(\.name) } == groups.map { $0.map(\.name) })
        #expect(Check.meetings(of: versions).joined().allSatisfy { $0.version == 3 }, "older ones are not started")
    }
}
