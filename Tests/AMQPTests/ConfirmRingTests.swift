import Testing

@testable import AMQP

@Suite struct ConfirmRingTests {
    @Test func numbersCountFromOne() {
        var ring = ConfirmRing<String>(capacity: 2)
        #expect(ring.append("a") == 1)
        #expect(ring.append("b") == 2)
        #expect(ring.append("c") == 3)
    }
}
