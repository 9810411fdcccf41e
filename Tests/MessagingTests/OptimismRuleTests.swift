import Messaging
import Testing

@Suite struct OptimismRuleTests {
    /// How many runs pass before the next that tries.
    private func pause(_ rule: inout OptimismRule) -> Int {
        var count = 0
        while !rule.mayTry() { count += 1 }
        return count
    }

    @Test func whoIsNeverWrongTriesAlways() {
        var rule = OptimismRule()
        for _ in 0..<10 {
            let count = pause(&rule)
            #expect(count == 0)
            rule.paidOff()
        }
    }

    @Test func whoIsAlwaysWrongTriesLessAndLess() {
        var rule = OptimismRule()
        var pauses: [Int] = []
        for _ in 0..<10 {
            rule.wasInVain()
            pauses.append(pause(&rule))
        }
        #expect(pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 256])
    }

    @Test func whoIsRightAgainComesBack() {
        var rule = OptimismRule()
        for _ in 0..<5 {
            rule.wasInVain()
            _ = pause(&rule)
        }
        for _ in 0..<5 { rule.paidOff() }
        rule.wasInVain()
        let last = pause(&rule)
        #expect(last == 1)
    }
}
