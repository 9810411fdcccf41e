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
