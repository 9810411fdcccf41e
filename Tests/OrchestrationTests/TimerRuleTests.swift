import Testing

@testable import Orchestration

@Suite struct TimerRuleTests {
    private let start = ContinuousClock.now
    private var rule = TimerRule()

    init() { hear(until: 10) }

    @Test mutating func whatIsDueFiresWhereNothingWaits() {
        #expect(lateness(at: 10) == .zero)
    }

    @Test mutating func nothingFiresWhileRepliesWait() {
        #expect(lateness(at: 10, waiting: 1) == TimerRule.latenessMax)
        #expect(lateness(at: 11) == .zero)
    }

    @Test mutating func repliesInHandComeBeforeTimersDueSince() {
        #expect(lateness(at: 14, heldSince: 11) == .seconds(3))
        #expect(lateness(at: 200, heldSince: 11) == TimerRule.latenessMax, "the clocks do not stand for ever")
    }

    @Test mutating func repliesThatWaitedAreOldInHandToo() {
        #expect(lateness(at: 12, waiting: 1, heldSince: 11) == TimerRule.latenessMax)
        #expect(lateness(at: 13, heldSince: 11) == TimerRule.latenessMax)
        #expect(lateness(at: 13, heldSince: 12) == TimerRule.latenessMax, "taken when some still waited")
        #expect(lateness(at: 14, heldSince: 13) == .seconds(1), "the old ones are settled, these came later")
    }

    @Test mutating func afterAnInterruptionEverybodyHasTimeToBeHeard() {
        #expect(lateness(at: 10) == .zero)
        rule.hears(at: at(13))
        #expect(lateness(at: 13) == TimerRule.latenessMax)
        hear(from: 13, until: 18)
        #expect(lateness(at: 17.9) == TimerRule.latenessMax)
        #expect(lateness(at: 18) == .zero)
    }

    @Test mutating func aProcessThatStartsMayHaveBeenAwayForLong() {
        rule = TimerRule()
        hear(until: 5)
        #expect(lateness(at: 4.9) == TimerRule.latenessMax)
        #expect(lateness(at: 5) == .zero)
    }

    private func at(_ seconds: Double) -> TimerRule.Instant { start + .seconds(seconds) }

    /// Looks four times a second.
    private mutating func hear(from: Int = 0, until end: Int) {
        for quarter in from * 4...end * 4 { rule.hears(at: at(Double(quarter) / 4)) }
    }

    private mutating func lateness(at seconds: Double, waiting: Int = 0, heldSince: Double? = nil) -> Duration {
        rule.lateness(at: at(seconds), waitingCount: waiting, heldSince: heldSince.map(at))
    }
}
