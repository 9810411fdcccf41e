import Messaging
import Testing

@testable import Participant

@Suite struct OutboxLedgerTests {
    private let ids = (1...3).map { UUIDv7(milliseconds: 1_000, randomHigh: 0, randomLow: $0) }

    /// What was looked for in vain for long is no row of ours; what is there, or was never looked for, is not forgotten.
    @Test func onlyWhatIsNotThereIsGivenUp() {
        let ledger = OutboxLedger(unconfirmedCountMax: 10)
        let start = ContinuousClock.now
        ledger.doubt(ids, now: start)
        ledger.missed([ids[0]], now: start + .seconds(1))
        #expect(Set(ledger.inDoubt) == Set(ids))
        ledger.missed([ids[0]], now: start + OutboxLedger.doubtDuration + .seconds(1))
        #expect(Set(ledger.inDoubt) == Set(ids[1...]))
        ledger.settled([ids[1]])
        #expect(ledger.inDoubt == [ids[2]])
    }
}
