import Testing

@testable import LocalServers

@Suite struct FaultLaneTests {
    private let start = ContinuousClock.now
    private let text = Array("the quick brown fox".utf8)

    /// Takes everything the lane gives up to `now`.
    private func drain(_ lane: inout FaultLane, now: ContinuousClock.Instant) -> (
        writes: [[UInt8]], last: FaultLane.Action
    ) {
        var writes: [[UInt8]] = []
        while true {
            let action = lane.next(now: now)
            guard case .write(let bytes) = action else { return (writes, action) }
            writes.append(bytes)
            lane.wrote(bytes.count, now: now)
        }
    }

    @Test func passesWhatArrivesAndThenTheEnd() {
        var lane = FaultLane(.pass, now: start)
        lane.arrived(text[...], now: start, jitter: 0)
        lane.ended()
        let (writes, last) = drain(&lane, now: start)
        #expect(writes == [text])
        #expect(last == .end)
        lane.passedEnd()
        #expect(lane.next(now: start) == .rest)
        #expect(lane.isOver)
    }

    @Test func aPartialWriteKeepsTheRest() {
        var lane = FaultLane(.pass, now: start)
        lane.arrived(text[...], now: start, jitter: 0)
        lane.wrote(4, now: start)
        #expect(lane.next(now: start) == .write(Array(text[4...])))
    }

    @Test func slicesIntoSingleBytes() {
        var lane = FaultLane(.sliced(), now: start)
        lane.arrived(text[...], now: start, jitter: 0)
        #expect(drain(&lane, now: start).writes == text.map { [$0] })
    }

    @Test func holdsUntilLetGoWithoutLoss() {
        var lane = FaultLane(.pass, now: start)
        lane.arrived(text[...], now: start, jitter: 0)
        lane.set(.hold, now: start)
        #expect(lane.next(now: start) == .rest)
        #expect(!lane.wantsToRead)
        lane.set(.pass, now: start)
        #expect(drain(&lane, now: start).writes == [text])
    }

    @Test func holdsTheEndAloneUntilLetGo() {
        var lane = FaultLane(.holdEnd, now: start)
        lane.arrived(text[...], now: start, jitter: 0)
        lane.ended()
        let (writes, last) = drain(&lane, now: start)
        #expect(writes == [text])
        #expect(last == .rest)
        lane.set(.pass, now: start)
        #expect(lane.next(now: start) == .end)
    }

    @Test func swallowsBytesAndEndForEver() {
        var lane = FaultLane(.swallow, now: start)
        lane.arrived(text[...], now: start, jitter: 0)
        #expect(lane.wantsToRead)
        #expect(lane.next(now: start) == .rest)
        lane.ended()
        #expect(lane.next(now: start) == .rest)
    }

    @Test func delaysEachPieceAndKeepsOrder() {
        var lane = FaultLane(.delay(.milliseconds(10), jitter: .milliseconds(10)), now: start)
        lane.arrived(text[0..<3], now: start, jitter: 1)
        lane.arrived(text[3..<6], now: start, jitter: 0)
        let due = start + .milliseconds(20)
        #expect(lane.next(now: start) == .wait(until: due))
        #expect(lane.next(now: start + .milliseconds(19)) == .wait(until: due))
        let (writes, last) = drain(&lane, now: due)
        #expect(writes == [Array(text[0..<3]), Array(text[3..<6])])
        #expect(last == .rest)
    }

    @Test func keepsToTheRate() {
        var lane = FaultLane(.limited(bytesPerSecond: 1000), now: start)
        lane.arrived([UInt8](repeating: 7, count: 1000)[...], now: start, jitter: 0)
        var now = start
        var passed = 0
        while passed < 1000 {
            switch lane.next(now: now) {
            case .write(let bytes):
                #expect(bytes.count <= 20)
                passed += bytes.count
                lane.wrote(bytes.count, now: now)
            case .wait(let moment): now = moment
            case let other:
                Issue.record("unexpected \(other)")
                return
            }
        }
        // The last piece is through a little before the second is over.
        #expect(now - start > .milliseconds(950) && now - start <= .seconds(1))
    }

    @Test(arguments: [0, 1, 7, 18, 19])
    func cutsAfterExactlySoManyBytes(count: Int) {
        var lane = FaultLane(.cut(.afterBytes(count), .reset), now: start)
        lane.arrived(text[...], now: start, jitter: 0)
        let (writes, last) = drain(&lane, now: start)
        #expect(writes.flatMap { $0 } == Array(text[..<count]))
        #expect(last == .cut(.reset))
    }

    @Test(arguments: 1..<19)
    func cutsBehindThePatternHoweverTheBytesAreSplit(split: Int) {
        var lane = FaultLane(.cut(.afterPattern(Array("quick".utf8))), now: start)
        lane.arrived(text[..<split], now: start, jitter: 0)
        lane.arrived(text[split...], now: start, jitter: 0)
        let (writes, last) = drain(&lane, now: start)
        #expect(writes.flatMap { $0 } == Array("the quick".utf8))
        #expect(last == .cut(.close))
    }

    @Test func aFaultSetLateSeesWhatStillWaits() {
        var lane = FaultLane(.hold, now: start)
        lane.arrived(text[..<6], now: start, jitter: 0)
        lane.set(.cut(.afterPattern(Array("quick".utf8))), now: start)
        lane.arrived(text[6...], now: start, jitter: 0)
        #expect(drain(&lane, now: start).writes.flatMap { $0 } == Array("the quick".utf8))
    }

    @Test func stopsReadingWhenTooMuchWaits() {
        var lane = FaultLane(.delay(.seconds(1)), now: start)
        let chunk = [UInt8](repeating: 0, count: 1 << 16)
        var count = 0
        while lane.wantsToRead {
            lane.arrived(chunk[...], now: start, jitter: 0)
            count += chunk.count
        }
        #expect(count == 1 << 20)
    }

    @Test func theMatcherFindsWhatPlainSearchFinds() {
        // Every text of nine letters out of two, every pattern of up to four: all overlaps there are.
        for pattern in words(upTo: 4) {
            for number in 0..<512 {
                let text = (0..<9).map { UInt8(number >> $0 & 1) }
                var matcher = PatternMatcher(pattern)
                let expected = (0...(text.count - pattern.count)).first {
                    Array(text[$0..<($0 + pattern.count)]) == pattern
                }
                #expect(matcher.scan(text) == expected.map { $0 + pattern.count })
            }
        }
    }

    private func words(upTo length: Int) -> [[UInt8]] {
        (1...length).flatMap { count in (0..<(1 << count)).map { number in (0..<count).map { UInt8(number >> $0 & 1) } }
        }
    }
}
