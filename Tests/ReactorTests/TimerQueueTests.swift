import Testing

@testable import Reactor

@Suite struct TimerQueueTests {
    @Test func timersComeInTheirOrder() {
        var timers = TimerQueue<Int>()
        for number in [5, 3, 9, 1, 7, 3, 8] { timers.add(number, due: MonotonicTime(nanoseconds: Int64(number))) }
        let soonest = timers.nextDue
        #expect(soonest == MonotonicTime(nanoseconds: 1))
        let taken = timers.takeDue(at: MonotonicTime(nanoseconds: 7)).map { timers.remove($0) }
        #expect(taken == [1, 3, 3, 5, 7])
        let rest = timers.nextDue
        #expect(rest == MonotonicTime(nanoseconds: 8))
    }

    @Test func aTimerCalledOffIsLetGoAndDoesNotHoldUpOthers() {
        var timers = TimerQueue<Int>()
        let ids = (1...1000).map { timers.add($0, due: MonotonicTime(nanoseconds: Int64($0 % 100))) }
        for (index, id) in ids.enumerated() where index != 499 {
            let removed = timers.remove(id)
            #expect(removed == index + 1)
        }
        #expect(timers.heapCount <= TimerQueue<Int>.slack + 2)
        let again = timers.remove(ids[0])
        #expect(again == nil)
        let due = timers.nextDue
        #expect(due == MonotonicTime(nanoseconds: 0))
        let last = timers.takeDue(at: MonotonicTime(nanoseconds: 100)).map { timers.remove($0) }
        #expect(last == [500])
        let nothing = timers.remove(ids[499])
        #expect(nothing == nil && timers.isEmpty)
    }

    @Test func deadlinesDoNotOverflow() {
        #expect(MonotonicTime.now() + .seconds(Int64.max / 1000) == .never)
        #expect(Duration.milliseconds(1500).wholeMilliseconds == 1500)
        #expect(Duration.seconds(-2).wholeNanoseconds == -2_000_000_000)
    }
}
