/// A few bits of a packed state.
struct BitField {
    let word: Int
    let shift: UInt64
    let mask: UInt64

    /// No bits: reads as 0.
    static let none = BitField(word: 0, shift: 0, mask: 0)

    @inline(__always)
    func read(_ words: UnsafeMutablePointer<UInt64>) -> Int {
        Int(truncatingIfNeeded: words[word] >> shift & mask)
    }

    /// Writes what fits: a value that is too large must not change the fields beside.
    @inline(__always)
    func write(_ value: Int, to words: UnsafeMutablePointer<UInt64>) {
        words[word] = words[word] & ~(mask << shift) | (UInt64(truncatingIfNeeded: value) & mask) << shift
    }

    /// Adds one; a full field stays full.
    @inline(__always)
    func increment(_ words: UnsafeMutablePointer<UInt64>) {
        if words[word] >> shift & mask != mask { words[word] &+= 1 << shift }
    }

    @inline(__always)
    func decrement(_ words: UnsafeMutablePointer<UInt64>) {
        words[word] &-= 1 << shift
    }

    /// The field's bits in place.
    var bits: UInt64 { mask << shift }
}

/// Hands out bits of a run of words.
struct FieldAllocator {
    private let words: Range<Int>
    private var word: Int
    private var bit = 0

    init(words: Range<Int>) {
        self.words = words
        word = words.lowerBound
    }

    /// A field that can hold 0 through `maximum`, or nil when the words are full.
    mutating func field(maximum: Int) -> BitField? {
        let width = Int.bitWidth - maximum.leadingZeroBitCount
        guard width > 0 else { return BitField.none }
        if bit + width > 64 {
            word += 1
            bit = 0
        }
        guard word < words.upperBound else { return nil }
        defer { bit += width }
        return BitField(word: word, shift: UInt64(bit), mask: 1 << UInt64(width) - 1)
    }
}
