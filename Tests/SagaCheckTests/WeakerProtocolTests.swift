import SagaCheck
import SagaModel
import Testing

@Suite("A protocol without one of its rules")
struct WeakerProtocolTests {
    @Test(
        "is found broken, with a story that fails as a scenario",
        arguments: [
            ("naive-timeout", .promiseBroken), ("no-correlation", .promiseBroken), ("no-in-doubt-undo", .effectLeft),
            ("no-fence", .effectLeft), ("dropping-inbox", .neverEnds), ("no-inbox", .effectLeft),
        ] as [(String, Finding.Code)])
    func broken(name: String, code: Finding.Code) throws {
        let rules = try #require(ProtocolRules.weaker.first { $0.name == name }).rules
        let report = try Check.check(
            [try Shipped.createOrder], rules: rules, limits: SearchLimits(violationCountMax: 3))
        let finding = try #require(report.findings.first { $0.code == code })
        let story = try #require(finding.story)
        #expect(story.sentences.count > 2)
        let scenario = try #require(finding.scenario)
        let result = try scenario.run(with: [try Shipped.createOrder])
        let failure = try #require(result.failure)
        #expect(failure.moment == scenario.moments.count - 1)
        #expect(failure.expectation == 0, "the story happens as told; only what is expected in the end fails")
    }

    @Test("is what lets its story happen: under the full protocol the story is impossible or ends well")
    func guarded() throws {
        for (name, rules) in ProtocolRules.weaker where name != "dropping-inbox" {
            let report = try Check.check(
                [try Shipped.createOrder], rules: rules, limits: SearchLimits(violationCountMax: 3))
            var scenario = try #require(report.findings.first { $0.code == .promiseBroken }?.scenario)
            scenario.rules = .full
            let result = try scenario.run(with: [try Shipped.createOrder])
            #expect(result.failure?.expectation == nil, "\(name)")
        }
    }

    @Test("tells its story in words")
    func words() throws {
        let report = try Check.check([try Shipped.createOrder], rules: .noFence)
        let story = try #require(report.findings.first?.story)
        #expect(
            story.description == """
                1. `order.created` starts create-order. It sends consumer.VerifyConsumer.
                2. The deadline of create-order passes. It sends consumer.ReleaseSlot.
                3. consumer handles ReleaseSlot and finds nothing to undo; it answers SlotReleased.
                4. consumer handles VerifyConsumer: slot none → TAKEN, and answers ConsumerVerified.
                5. create-order takes SlotReleased, the reply to ReleaseSlot. It sends order.RejectOrder.
                6. order handles RejectOrder: order APPROVAL_PENDING → REJECTED, and answers OrderRejected.
                7. create-order takes OrderRejected, the reply to RejectOrder. It ends as rejected.
                So: create-order has rolled back, but the effect of verify-consumer is still there: \
                consumer.slot is TAKEN.
                """)
    }
}
