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

    @Test func fewConfirmedRowsWaitForMoreAndNotForLong() {
        let ledger = OutboxLedger(unconfirmedCountMax: 10)
        let start = ContinuousClock.now
        func taken(at second: Int) -> [UUIDv7] {
            ledger.takeConfirmed(fromCount: 3, orAge: .seconds(10), now: start + .seconds(second))
        }
        ledger.confirmed([ids[0]], now: start)
        ledger.confirmed([ids[1]], now: start + .seconds(9))
        #expect(taken(at: 9) == [])
        #expect(taken(at: 10) == [ids[0], ids[1]], "the first has waited long enough")
        ledger.confirmed([ids[0]], now: start + .seconds(20))
        #expect(taken(at: 21) == [])
        ledger.confirmed([ids[1], ids[2]], now: start + .seconds(22))
        #expect(taken(at: 22) == ids, "they are enough")
        #expect(taken(at: 60) == [])
        ledger.confirmed(ids, now: start)
        #expect(ledger.takeConfirmed() == ids)
    }
}
