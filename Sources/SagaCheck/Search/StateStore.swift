/// Every state found so far, each once: packed in one run of memory, found again through an open-addressing table.
///
/// A state is known by its number, which is the order in which it was found; since the search is breadth first, the run
/// of memory is its queue too. A table slot holds 27 bits of number and 5 bits of hash, so that a slot of another state
/// is mostly passed over without looking at the state itself.
final class StateStore {
    /// The most states there can be.
    static let capacityMax = 1 << 27 - 1

    let wordCount: Int
    private(set) var count = 0
    private var words: UnsafeMutablePointer<UInt64>
    private var parents: UnsafeMutablePointer<UInt32>
    private var capacity: Int
    private var table: UnsafeMutablePointer<UInt32>
    private var tableMask: Int

    init(wordCount: Int) {
        self.wordCount = wordCount
        capacity = 1 << 12
        words = .allocate(capacity: capacity * wordCount)
        parents = .allocate(capacity: capacity)
        tableMask = 1 << 13 - 1
        table = .allocate(capacity: tableMask + 1)
        table.initialize(repeating: 0, count: tableMask + 1)
    }

    deinit {
        words.deallocate()
        parents.deallocate()
        table.deallocate()
    }

    /// How much memory the states take, with their parents and the table.
    var byteCount: Int { capacity * (wordCount * 8 + 4) + (tableMask + 1) * 4 }

    /// How many states fit into so much memory, with room for the successors of one more.
    static func countMax(byteCount: Int, wordCount: Int) -> Int {
        // Both the run of states and the table, which has two slots for each, grow by doubling.
        let fitting = max(1 << 12, byteCount / (wordCount * 8 + 4 + 8))
        let capacity = 1 << (Int.bitWidth - 1 - fitting.leadingZeroBitCount)
        return capacity - capacity / 16
    }

    func parent(of index: Int) -> Int? {
        parents[index] == .max ? nil : Int(parents[index])
    }

    func copy(_ index: Int, to destination: UnsafeMutablePointer<UInt64>) {
        destination.update(from: words + index * wordCount, count: wordCount)
    }

    /// Adds the state unless it is known.
    ///
    /// - Returns: Its number if it is new, or nil.
    @inline(__always)
    func insert(_ state: UnsafeMutablePointer<UInt64>, parent: Int) -> Int? {
        let hash = hash(state)
        let tag = UInt32(truncatingIfNeeded: hash >> 59) << 27
        var slot = Int(truncatingIfNeeded: hash) & tableMask
        while true {
            let entry = table[slot]
            if entry == 0 { break }
            if (entry ^ tag) >> 27 == 0, isSame(state, as: Int(entry & 0x07ff_ffff) - 1) { return nil }
            slot = (slot + 1) & tableMask
        }
        return add(state, parent: parent, slot: slot, tag: tag)
    }

    private func add(_ state: UnsafeMutablePointer<UInt64>, parent: Int, slot: Int, tag: UInt32) -> Int {
        precondition(count < Self.capacityMax, "the limit of states is kept by the search")
        if count == capacity { grow() }
        let index = count
        (words + index * wordCount).initialize(from: state, count: wordCount)
        parents[index] = UInt32(truncatingIfNeeded: parent)
        count += 1
        table[slot] = tag | UInt32(truncatingIfNeeded: index + 1)
        // Beyond seven tenths the runs of full slots grow long.
        if count * 10 > (tableMask + 1) * 7 { growTable() }
        return index
    }

    @inline(__always)
    private func isSame(_ state: UnsafeMutablePointer<UInt64>, as index: Int) -> Bool {
        let known = words + index * wordCount
        for word in 0..<wordCount where known[word] != state[word] { return false }
        return true
    }

    @inline(__always)
    private func hash(_ state: UnsafeMutablePointer<UInt64>) -> UInt64 {
        var hash: UInt64 = 0x9e37_79b9_7f4a_7c15
        for word in 0..<wordCount {
            let product = (hash ^ state[word]).multipliedFullWidth(by: 0xbf58_476d_1ce4_e5b9)
            hash = product.high ^ product.low
        }
        return (hash ^ hash >> 29) &* 0x94d0_49bb_1331_11eb
    }

    private func grow() {
        let grown = UnsafeMutablePointer<UInt64>.allocate(capacity: capacity * 2 * wordCount)
        grown.moveInitialize(from: words, count: count * wordCount)
        words.deallocate()
        words = grown
        let grownParents = UnsafeMutablePointer<UInt32>.allocate(capacity: capacity * 2)
        grownParents.moveInitialize(from: parents, count: count)
        parents.deallocate()
        parents = grownParents
        capacity *= 2
    }

    private func growTable() {
        table.deallocate()
        tableMask = tableMask * 2 + 1
        table = .allocate(capacity: tableMask + 1)
        table.initialize(repeating: 0, count: tableMask + 1)
        for index in 0..<count {
            let hash = hash(words + index * wordCount)
            var slot = Int(truncatingIfNeeded: hash) & tableMask
            while table[slot] != 0 { slot = (slot + 1) & tableMask }
            table[slot] = UInt32(truncatingIfNeeded: hash >> 59) << 27 | UInt32(truncatingIfNeeded: index + 1)
        }
    }
}
