import Messaging
import Testing

@Suite struct CrashRuleTests {
    @Test func whatARestartLeavesBehindIsNoSuspect() {
        #expect(!CrashRule.isSuspect(isRedelivered: false, deliveryCount: nil))
        #expect(!CrashRule.isSuspect(isRedelivered: true, deliveryCount: 1))
        #expect(CrashRule.isSuspect(isRedelivered: true, deliveryCount: 2))
        #expect(CrashRule.isSuspect(isRedelivered: true, deliveryCount: 99))
    }

    @Test func aBrokerThatDoesNotCountMakesEveryRedeliveryASuspect() {
        #expect(CrashRule.isSuspect(isRedelivered: true, deliveryCount: nil))
    }

    @Test func onlyDeathsUnderAMarkCount() {
        #expect((0...4).map { CrashRule.isKiller(deathCount: $0) } == [false, false, false, true, true])
        #expect(CrashRule.processDeathCountMax == 5)
    }

    /// The broker gives a message up only long after we have.
    @Test func theBrokersLimitIsFarAway() {
        #expect(Topology.deliveryLimit >= 10 * CrashRule.processDeathCountMax)
    }
}
