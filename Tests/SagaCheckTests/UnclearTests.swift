import SagaCheck
import SagaModel
import Testing

/// Failures after which nobody knows whether there was an effect.
@Suite("An unclear failure") struct UnclearTests {
    private let unclear = ("    fail: Declined\n", "    fail: Declined\n    unclear: Unknown\n")
    private let reply = ("  Declined: {}\n", "  Declined: {}\n  Unknown: {}\n")
    private let tolerant = (
        "transitions: [{ from: PAID, to: RETURNED }]",
        "transitions: [{ from: PAID, to: RETURNED }, { from: none, to: none }]"
    )

    private let rule = ("Declined: fail }", "Declined: fail, Unknown: fail }")

    @Test("is undone by an undo that takes both")
    func sound() throws {
        #expect(try Sale.codes(Sale.changed(participant: [unclear, reply, tolerant], saga: [rule])) == [])
    }

    @Test("is undone where it is how a state refuses, too")
    func refusal() throws {
        let definition = try Sale.changed(
            participant: [("    fail: Declined\n", "    unclear: Declined\n"), tolerant],
            saga: [
                ("set: { saleId: event.saleId } }", "set: { saleId: event.saleId }, given: { sale: [none, PAID] } }"),
                ("deadline: PT1H\n", ""), ("timeouts: 1", "timeouts: 0"),
            ])
        #expect(try !Sale.codes(definition).contains(.promiseBroken), "its undo ran")
    }

    @Test("may have had no effect, which an undo must bear")
    func withoutEffect() throws {
        let definition = try Sale.changed(participant: [unclear, reply], saga: [rule])
        let finding = try #require(try Check.check([definition]).findings.first)
        #expect(finding.code == .neverEnds)
        let scenario = try #require(finding.scenario)
        #expect(try scenario.run(with: [definition]).failure != nil)
    }

    @Test("may have had its effect, which its undo must bear")
    func withEffect() throws {
        let definition = try Sale.changed(
            participant: [
                unclear, reply, (tolerant.0, "transitions: [{ from: none, to: none }]"), (", RETURNED]", "]"),
            ],
            saga: [rule, ("in [none, RETURNED]", "== none"), ("deadline: PT1H\n", ""), ("timeouts: 1", "timeouts: 0")])
        let finding = try #require(try Check.check([definition]).findings.first)
        #expect(finding.code == .neverEnds)
        let scenario = try #require(finding.scenario)
        let hasEffect = scenario.moments.contains { moment in
            if case .handled(_, reply: "Unknown", _, _, hasEffect: true) = moment.given { true } else { false }
        }
        #expect(hasEffect, "\(finding.story?.description ?? "")")
        #expect(try scenario.run(with: [definition]).failure?.expectation == 0)
    }
}
