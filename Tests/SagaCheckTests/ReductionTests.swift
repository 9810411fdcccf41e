import SagaCheck
import SagaModel
import Testing

@Suite("The reduced search")
struct ReductionTests {
    /// Worlds small enough to be searched without the reduction too.
    private func worlds() throws -> [World] {
        let few = Bounds(timeouts: 1, duplicates: 1, crashes: 0, losses: 0, attempts: 1)
        let loss = Bounds(timeouts: 1, duplicates: 0, crashes: 0, losses: 1, attempts: 1)
        let crash = Bounds(timeouts: 1, duplicates: 0, crashes: 1, losses: 0, attempts: 1)
        let short = try Self.shortened(try Shipped.createOrder)
        return try [
            World([short], bounds: few), World([short], bounds: crash), World([short], bounds: loss),
            World([short], bounds: few, rules: .noFence), World([short], bounds: few, rules: .noInDoubtUndo),
            World([short], bounds: loss, rules: .droppingInbox), World([short], bounds: few, rules: .noInbox),
            World([Self.shortened(try Shipped.cancelOrder)], bounds: few),
        ]
    }

    /// The saga without its last step, which keeps the unreduced search small.
    private static func shortened(_ definition: Definition) throws -> Definition {
        var definition = definition
        definition.flow.removeLast()
        definition.flow.remove(at: 1)
        return definition
    }

    @Test("reaches exactly what the unreduced one reaches, and breaks the same promises")
    func same() throws {
        let limits = SearchLimits(violationCountMax: .max)
        for world in try worlds() {
            let (reduced, reducedSituations) = world.situations(limits: limits, isReduced: true)
            let (full, fullSituations) = world.situations(limits: limits, isReduced: false)
            #expect(reducedSituations == fullSituations)
            #expect(Set(reduced.violations.map(\.violation)) == Set(full.violations.map(\.violation)))
            #expect(reduced.coverage.outcomes == full.coverage.outcomes)
            #expect(reduced.stateCount < full.stateCount, "else the reduction does nothing")
            #expect(reduced.isExhaustive && full.isExhaustive)
        }
    }
}
