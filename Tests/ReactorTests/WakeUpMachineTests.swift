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

    /// - Returns: the changes.
    private mutating func takes(_ count: Int, of messageCounts: [Int]) -> [WakeUpMachine.Manner] {
        (0..<count).compactMap { machine.takes(messageCount: messageCounts[$0 % messageCounts.count]) }
    }

    @Test mutating func takesTurnsWhileBatchesForm() {
        let lone = takes(1_000, of: [1])
        let nearlyLone = takes(960, of: [1, 1, 2])
        #expect(lone == [] && nearlyLone == [])
        let several = takes(64, of: [1, 2])
        #expect(several == [.inTurn])
        let fewer = takes(960, of: [1, 1, 2])
        #expect(fewer == [])
        let loneAgain = takes(64, of: [1])
        #expect(loneAgain == [.atOnce])
    }

    @Test mutating func takesTurnsAsLongAsThereIsOneReason() {
        _ = takes(WakeUpMachine.window, of: [8])
        let dense = sleeps(1_000, every: .microseconds(50))
        let rare = sleeps(100, every: .milliseconds(4))
        #expect(dense == [] && rare == [] && machine.manner == .inTurn)
        let lone = takes(WakeUpMachine.window, of: [1])
        #expect(lone == [.atOnce])
    }
}
