/// Deliveries that came and that nobody has taken, in order. A value without I/O.
struct DeliveryBuffer {
    private var runs: [DeliveryRun] = []
    /// Those before it have been taken.
    private var head = 0
    private(set) var count = 0

    /// Taken runs are dropped from the front once there are so many.
    private static let takenRunCountMax = 64

    /// Adds a delivery behind the others.
    mutating func append(_ index: Int, of batch: DeliveryBatch) {
        count += 1
        if runs.count > head, runs[runs.count - 1].append(index, of: batch) { return }
        runs.append(DeliveryRun(batch, index..<(index + 1)))
    }

    /// Takes the first ones, at most so many and at least one.
    ///
    /// - Returns: nil if there are none.
    mutating func take(_ countMax: Int) -> [DeliveryRun]? {
        guard count > 0 else { return nil }
        var rest = min(max(countMax, 1), count)
        count -= rest
        var taken: [DeliveryRun] = []
        while rest > 0 {
            if runs[head].count > rest {
                taken.append(runs[head].removeFirst(rest))
                break
            }
            rest -= runs[head].count
            taken.append(runs[head])
            head += 1
        }
        dropTaken()
        return taken
    }

    private mutating func dropTaken() {
        if head == runs.count {
            runs.removeAll(keepingCapacity: true)
            head = 0
        } else if head >= Self.takenRunCountMax {
            runs.removeSubrange(0..<head)
            head = 0
        }
    }

    /// Puts what was taken before the others.
    mutating func putBack(_ returned: [DeliveryRun]) {
        count += returned.reduce(0) { $0 + $1.count }
        runs.replaceSubrange(0..<head, with: returned)
        head = 0
    }

    mutating func removeAll() {
        self = DeliveryBuffer()
    }
}
