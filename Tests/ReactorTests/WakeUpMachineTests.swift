import Testing

@testable import Reactor

@Suite struct WakeUpMachineTests {
    private var machine = WakeUpMachine(now: MonotonicTime(nanoseconds: 0))
    private var now = MonotonicTime(nanoseconds: 0)

    /// - Returns: the changes.
    private mutating func sleeps(_ count: Int, every pause: Duration) -> [WakeUpMachine.Manner] {
        (0..<count).compactMap { _ in
            now = now + pause
            return machine.sleeps(at: now)
        }
    }

    @Test mutating func takesTurnsWhileItSleepsOften() {
        #expect(machine.manner == .atOnce)
        let calm = sleeps(1_000, every: .microseconds(200))
        #expect(calm == [])
        let dense = sleeps(1_000, every: .microseconds(50))
        #expect(dense == [.inTurn])
        // It comes to more at a time now, and so sleeps less often.
        let batches = sleeps(1_000, every: .microseconds(1_500))
        #expect(batches == [] && machine.manner == .inTurn)
        let rare = sleeps(100, every: .milliseconds(4))
        #expect(rare == [.atOnce])
    }

    @Test mutating func wakesAtOnceAfterAPause() {
        _ = sleeps(1_000, every: .microseconds(50))
        #expect(machine.manner == .inTurn)
        let first = sleeps(1, every: .seconds(1))
        #expect(first == [.atOnce])
        let answers = sleeps(1_000, every: .microseconds(150))
        #expect(answers == [])
    }
}
