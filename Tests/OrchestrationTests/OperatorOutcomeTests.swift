import Orchestration
import Testing

@Suite struct OperatorOutcomeTests {
    @Test(arguments: [
        OperatorOutcome.done(), .done(remark: "it was paused already"), .refused(why: "the saga is over: a: b"),
    ])
    func anOutcomeIsReadAsItWasWritten(outcome: OperatorOutcome) {
        #expect(OperatorOutcome(text: outcome.text) == outcome)
    }

    /// Other actions write down what there was to say.
    @Test func whatIsNoRefusalWasDone() {
        #expect(OperatorOutcome(text: "3 of 3") == .done())
    }
}
