import SagaModel
import Testing

@testable import Orchestration

@Suite struct SagasPutOffTests {
    @Test func whatIsPutOffIsLeftOutUntilItsPauseEnds() {
        let start = ContinuousClock.now
        let first = Identifier(high: 1, low: 1)
        let second = Identifier(high: 2, low: 2)
        var left = SagasPutOff()
        left.putOff(first, at: start)
        left.putOff(second, at: start + .seconds(1))
        #expect(Set(left.all(at: start + .seconds(59))) == [first, second])
        #expect(left.all(at: start + .seconds(60)) == [second])
        left.putOff(second, at: start + .seconds(60))
        #expect(left.all(at: start + .seconds(119)) == [second])
        #expect(left.all(at: start + .seconds(120)).isEmpty)
    }
}
