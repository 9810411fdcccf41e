import Testing

@testable import Postgres

@Suite struct TimeTests {
    @Test func backoffDoublesUpToItsLimit() {
        let backoff = Backoff(min: .milliseconds(10), max: .milliseconds(100))
        #expect(
            (1...6).map { backoff.pause(afterAttempt: $0, jitter: 1) }
                == [10, 20, 40, 80, 100, 100].map { .milliseconds($0) })
        #expect(backoff.pause(afterAttempt: 1, jitter: 0) == .milliseconds(5))
        #expect(backoff.pause(afterAttempt: 1_000_000, jitter: 1) == .milliseconds(100))
    }

    @Test func retriesEnd() {
        let policy = RetryPolicy(attemptCountMax: 3, pauseMin: .milliseconds(1), pauseMax: .milliseconds(8))
        #expect(policy.pause(afterAttempt: 1, jitter: 1) == .milliseconds(1))
        #expect(policy.pause(afterAttempt: 2, jitter: 1) == .milliseconds(2))
        #expect(policy.pause(afterAttempt: 3, jitter: 1) == nil)
        #expect(RetryPolicy.never.pause(afterAttempt: 1, jitter: 0) == nil)
    }

    @Test func timersComeInTheirOrder() {
        var timers = TimerQueue<Int>()
        for number in [5, 3, 9, 1, 7, 3, 8] { timers.add(number, due: MonotonicTime(nanoseconds: Int64(number))) }
        let soonest = timers.nextDue
        #expect(soonest == MonotonicTime(nanoseconds: 1))
        var taken: [Int] = []
        while let one = timers.takeDue(at: MonotonicTime(nanoseconds: 7)) { taken.append(one) }
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
        let last = timers.takeDue(at: MonotonicTime(nanoseconds: 100))
        #expect(last == 500)
        let nothing = timers.remove(ids[499])
        #expect(nothing == nil && timers.isEmpty)
    }

    @Test func deadlinesDoNotOverflow() {
        #expect(MonotonicTime.now() + .seconds(Int64.max / 1000) == .never)
        #expect(Duration.milliseconds(1500).wholeMilliseconds == 1500)
        #expect(Duration.seconds(-2).wholeNanoseconds == -2_000_000_000)
    }

    @Test func ringKeepsOrderWhileItGrows() {
        var ring = Ring<Int>(capacity: 2)
        for number in 0..<3 { ring.append(number) }
        let first = ring.removeFirst()
        #expect(first == 0)
        for number in 3..<10 { ring.append(number) }
        #expect(ring[0] == 1 && ring[8] == 9)
        let rest = ring.removeAll()
        #expect(rest == Array(1..<10))
        #expect(ring.isEmpty)
    }
}
