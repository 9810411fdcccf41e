import SagaModel
import Testing

@testable import SagaCheck

@Suite("Samples of values that are compared")
struct ValueClassTests {
    /// How the values stand to each other and to the literals: all that guards can see of them.
    private func sight<Number: Comparable>(_ values: [Number], _ literals: [Number]) -> [Int] {
        values.flatMap { value in
            (values + literals).map { value < $0 ? -1 : value == $0 ? 0 : 1 }
        }
    }

    /// Every choice of so many of the values.
    private func choices<Element>(_ values: [Element], _ count: Int) -> [[Element]] {
        count == 0 ? [[]] : choices(values, count - 1).flatMap { some in values.map { some + [$0] } }
    }

    @Test("show every order that integers can have", arguments: 1...3)
    func integers(placeCount: Int) {
        for set in 0..<32 {
            let literals = [0, 1, 2, 4, 7].enumerated().filter { set & 1 << $0.offset != 0 }.map(\.element)
            let found = ValueClass(
                literals: Set(literals.map { .integer(Int64($0)) }), placeCount: placeCount, isCompared: true,
                isOrdered: true
            ).samples(of: .integer)
            let samples = found.values.compactMap { if case .integer(let number) = $0 { Int(number) } else { nil } }
            let seen = Set(choices(samples, placeCount).map { sight($0, literals) })
            let all = Set(choices(Array(-4...11), placeCount).map { sight($0, literals) })
            #expect(found.isWhole && seen == all, "\(literals)")
        }
    }

    @Test("show every order that texts can have, or say that they do not")
    func texts() {
        let texts = ["", "!", "!!", "a", "a!", "aa", "ab", "b", "b!"]
        var wholeCount = 0
        for set in 0..<(1 << texts.count) {
            let literals = texts.enumerated().filter { set & 1 << $0.offset != 0 }.map(\.element)
            let found = ValueClass(
                literals: Set(literals.map { .string($0) }), placeCount: 2, isCompared: true, isOrdered: true
            ).samples(of: .string)
            guard found.isWhole else { continue }
            wholeCount += 1
            let samples = found.values.compactMap { if case .string(let text) = $0 { text } else { nil } }
            let seen = Set(choices(samples, 2).map { sight($0, literals) })
            let all = Set(choices(texts + ["a\"", "a\"\"", "c", "cc", " ", "  "], 2).map { sight($0, literals) })
            #expect(seen.isSuperset(of: all), "\(literals)")
        }
        #expect(wholeCount > 20)
    }
}
