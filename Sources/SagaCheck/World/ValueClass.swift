import SagaModel

/// Values that may come to be compared with each other, and everything else that they are compared with.
///
/// Guards see a value only through `==` and `<`. So samples stand for all values when every order is among them that the
/// places compared can have, with each other and with the literals: in each gap between literals, and beyond them, as
/// many different values as may come in.
struct ValueClass {
    var literals: Set<Value> = []
    /// How many values may come in that are compared with one another, at once or one after the other; one where each is
    /// compared with literals alone.
    var placeCount = 1
    /// Whether any of them is compared, not only asked whether it exists.
    var isCompared = false
    /// Whether a comparison asks which value comes first.
    var isOrdered = false
    /// Whether a value comes in that samples cannot be made to equal.
    var isOpaque = false

    /// Whether a null is told apart from a value that is absent.
    var seesNull: Bool { literals.contains(.null) || placeCount > 1 }

    /// Samples of the type, the usual one first, and whether they stand for all values.
    func samples(of type: DataType) -> (values: [Value], isWhole: Bool) {
        let usual = PayloadSampler.sample(of: type)
        guard isCompared else { return ([usual], true) }
        var (values, isWhole): ([Value], Bool) =
            switch type.unwrapped {
            case .boolean: ([true, false], true)
            case .choice(let names): (names.map { .string($0) }, true)
            case .integer, .money, .time: (integers.map { .integer($0) }, true)
            case .id, .string: strings
            case .list(let element):
                ((0..<placeCount).map { .list(Array(repeating: PayloadSampler.sample(of: element), count: $0)) }, true)
            // A record is compared by its fields, which have classes of their own.
            case .record, .optional: ([usual], true)
            }
        values.removeAll { $0 == usual }
        if isOpaque { isWhole = false }
        return ([usual] + values, isWhole)
    }

    // MARK: Integers

    private var integers: [Int64] {
        let known = literals.compactMap { if case .integer(let number) = $0 { number } else { nil } }.sorted()
        let others = (1...).lazy.filter { !known.contains($0) }.prefix(placeCount)
        guard isOrdered, !known.isEmpty else { return known + others }
        return known + known.indices.flatMap { numbers(after: known[$0], before: known[($0 + 1)...].first) }
            + (1...Int64(placeCount)).compactMap { Self.sum(known[0], -$0) }
    }

    /// As many numbers between the two as there are places, or all where there are fewer.
    private func numbers(after lower: Int64, before upper: Int64?) -> [Int64] {
        (1...Int64(placeCount)).compactMap { Self.sum(lower, $0) }.filter { number in upper.map { number < $0 } ?? true
        }
    }

    /// Nil beyond the ends of what an integer can be.
    private static func sum(_ number: Int64, _ offset: Int64) -> Int64? {
        let (sum, isTooLarge) = number.addingReportingOverflow(offset)
        return isTooLarge ? nil : sum
    }

    // MARK: Texts

    private var strings: (values: [Value], isWhole: Bool) {
        let known = literals.compactMap { if case .string(let text) = $0 { text } else { nil } }
            .sorted { Self.isLess($0, $1) }
        guard isOrdered, !known.isEmpty else {
            let others = (1...).lazy.map { String(repeating: "x", count: $0) }.filter { !known.contains($0) }
            return ((known + others.prefix(placeCount)).map { .string($0) }, true)
        }
        var (texts, isWhole) = (known, true)
        for gap in 0...known.count {
            let inside = self.texts(after: gap > 0 ? known[gap - 1] : nil, before: gap < known.count ? known[gap] : nil)
            texts += inside
            // Before the empty text there is none.
            if inside.count < placeCount, gap > 0 || known[0] != "" { isWhole = false }
        }
        return (texts.map { .string($0) }, isWhole)
    }

    /// As many texts between the two as there are places, if there are so many that can be read.
    private func texts(after lower: String?, before upper: String?) -> [String] {
        let tails = (1...placeCount).map { String(repeating: "!", count: $0) }
        let texts = lower.map { lower in tails.map { lower + $0 } } ?? [""] + tails
        return Array(texts.filter { text in upper.map { Self.isLess(text, $0) } ?? true }.prefix(placeCount))
    }

    private static func isLess(_ left: String, _ right: String) -> Bool {
        left.unicodeScalars.lexicographicallyPrecedes(right.unicodeScalars)
    }
}
