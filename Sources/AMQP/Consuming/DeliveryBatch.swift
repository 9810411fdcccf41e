/// The deliveries that came at a time.
///
/// One object, so that the connection's thread and those who handle the deliveries count few references together.
final class DeliveryBatch: Sendable {
    let contents: [ContentAssembler.Content]
    let incarnation: UInt64
    let shell: ConsumerShell

    init(_ contents: [ContentAssembler.Content], incarnation: UInt64, of shell: ConsumerShell) {
        self.contents = contents
        self.incarnation = incarnation
        self.shell = shell
    }
}

/// Neighbours among the deliveries that came at a time: one reference for all of them.
struct DeliveryRun: Sendable {
    let batch: DeliveryBatch
    private(set) var indices: Range<Int>

    init(_ batch: DeliveryBatch, _ indices: Range<Int>) {
        self.batch = batch
        self.indices = indices
    }

    var count: Int { indices.count }
    /// Which channel of its consumer the tags belong to.
    var incarnation: UInt64 { batch.incarnation }

    /// - Parameter offset: counted from the first of the run.
    subscript(offset: Int) -> Delivery {
        precondition(offset < indices.count, "a run of \(indices.count) has no delivery \(offset)")
        return Delivery(at: indices.lowerBound + offset, of: batch)
    }

    /// Takes the next neighbour in.
    ///
    /// - Returns: false where it is none.
    mutating func append(_ index: Int, of batch: DeliveryBatch) -> Bool {
        guard batch === self.batch, index == indices.upperBound else { return false }
        indices = indices.lowerBound..<(index + 1)
        return true
    }

    /// Splits the first ones off.
    mutating func removeFirst(_ count: Int) -> DeliveryRun {
        let middle = indices.lowerBound + count
        defer { indices = middle..<indices.upperBound }
        return DeliveryRun(batch, indices.lowerBound..<middle)
    }
}

extension [DeliveryRun] {
    /// One by one, for whoever handles them.
    var deliveries: [Delivery] {
        var result: [Delivery] = []
        result.reserveCapacity(reduce(0) { $0 + $1.count })
        for run in self {
            for offset in 0..<run.count { result.append(run[offset]) }
        }
        return result
    }

    /// The delivery with so many before it.
    func delivery(at offset: Int) -> Delivery {
        var rest = offset
        var index = 0
        while rest >= self[index].count {
            rest -= self[index].count
            index += 1
        }
        return self[index][rest]
    }
}
