import Testing

@testable import AMQP

@Suite struct ConfirmRingTests {
    @Test func numbersCountFromOneAndGrowPastTheCapacity() {
        var ring = ConfirmRing<Int>(capacity: 2)
        for number in 1...100 { #expect(ring.append(number) == UInt64(number)) }
        var settled: [Int] = []
        #expect(ring.settle(100, multiple: true) { settled.append($0) } == true)
        #expect(settled == Array(1...100))
        #expect(ring.openCount == 0)
        #expect(ring.append(101) == 101)
    }

    @Test func aPrefixSkipsWhatIsSettledAlready() {
        var ring = ConfirmRing<Int>()
        for number in 1...5 { _ = ring.append(number) }
        var settled: [Int] = []
        ring.settle(3, multiple: false) { settled.append($0) }
        ring.settle(4, multiple: true) { settled.append($0) }
        #expect(settled == [3, 1, 2, 4])
        #expect(ring.firstOpen { _ in true } == 5)
    }

    @Test func zeroWithMultipleMeansEverything() {
        var ring = ConfirmRing<Int>()
        for number in 1...3 { _ = ring.append(number) }
        var count = 0
        #expect(ring.settle(0, multiple: true) { _ in count += 1 } == true)
        #expect(count == 3)
    }

    @Test func numbersThatAreNotOpenAreRefused() {
        var ring = ConfirmRing<Int>()
        _ = ring.append(1)
        #expect(ring.settle(2, multiple: false) { _ in Issue.record("nothing has that number") } == false)
        #expect(ring.settle(2, multiple: true) { _ in Issue.record("nothing has that number") } == false)
        #expect(ring.settle(1, multiple: false) { _ in } == true)
        #expect(ring.settle(1, multiple: false) { _ in Issue.record("settled twice") } == false)
    }

    @Test func aWithdrawnNumberIsGivenOutAgain() {
        var ring = ConfirmRing<Int>()
        _ = ring.append(1)
        _ = ring.append(2)
        #expect(ring.withdrawLast() == 2)
        #expect(ring.append(3) == 2)
    }

    /// Random appends and confirms against a plain dictionary.
    @Test(arguments: 0..<50) func itAgreesWithAModel(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        var ring = ConfirmRing<UInt64>(capacity: 4)
        var model: [UInt64: UInt64] = [:]
        var last: UInt64 = 0
        for _ in 0..<2000 {
            if Bool.random(using: &random) {
                last += 1
                #expect(ring.append(last &* 7) == last)
                model[last] = last &* 7
                continue
            }
            let number = UInt64.random(in: 0...(last + 2), using: &random)
            let multiple = Bool.random(using: &random)
            let upTo = multiple && number == 0 ? last : number
            let expected = model.keys.filter { multiple ? $0 <= upTo : $0 == number }.sorted()
            var settled: [UInt64] = []
            ring.settle(number, multiple: multiple) { settled.append($0) }
            // A number that was never given out settles nothing, with `multiple` too.
            let valid = upTo <= last ? expected : []
            #expect(settled == valid.map { model[$0]! }, "seed \(seed)")
            for key in valid { model[key] = nil }
            #expect(ring.openCount == model.count, "seed \(seed)")
        }
        var rest: [UInt64] = []
        ring.removeAll { rest.append($0) }
        #expect(rest == model.keys.sorted().map { model[$0]! }, "seed \(seed)")
        #expect(ring.append(0) == 1)
    }
}
