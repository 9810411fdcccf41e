/// What is to be done later, soonest first: a binary heap of names, beside the items they stand for.
///
/// A removed item is let go at once; its name stays in the heap until its turn, or until names without an item are the most.
package struct TimerQueue<Item> {
    /// Names an item until it is taken or removed.
    package struct ID: Hashable, Sendable {
        fileprivate let number: UInt64
    }

    private var heap: [(due: MonotonicTime, id: ID)] = []
    private var items: [ID: Item] = [:]
    private var lastNumber: UInt64 = 0

    var isEmpty: Bool { items.isEmpty }

    /// How many names the heap holds, those without an item among them.
    var heapCount: Int { heap.count }

    var nextDue: MonotonicTime? {
        mutating get {
            while let first = heap.first, items[first.id] == nil { removeFirst() }
            return heap.first?.due
        }
    }

    @discardableResult
    mutating func add(_ item: Item, due: MonotonicTime) -> ID {
        lastNumber += 1
        let id = ID(number: lastNumber)
        items[id] = item
        push(due, id)
        return id
    }

    /// Takes an item out before its time; nil when it has been taken.
    mutating func remove(_ id: ID) -> Item? {
        let item = items.removeValue(forKey: id)
        if heap.count > 2 * items.count + Self.slack { compact() }
        return item
    }

    /// Names the items whose time has come, soonest first, once. Each is then to be removed: one may have been meanwhile.
    mutating func takeDue(at now: MonotonicTime) -> [ID] {
        var taken: [ID] = []
        while let due = nextDue, due <= now { taken.append(removeFirst()) }
        return taken
    }

    /// So many names without an item are never worth the work.
    static var slack: Int { 64 }

    private mutating func compact() {
        let rest = heap.filter { items[$0.id] != nil }
        heap.removeAll(keepingCapacity: true)
        for entry in rest { push(entry.due, entry.id) }
    }

    private mutating func push(_ due: MonotonicTime, _ id: ID) {
        heap.append((due, id))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            if heap[parent].due <= heap[child].due { break }
            heap.swapAt(parent, child)
            child = parent
        }
    }

    @discardableResult
    private mutating func removeFirst() -> ID {
        heap.swapAt(0, heap.count - 1)
        let first = heap.removeLast()
        var parent = 0
        while true {
            let left = 2 * parent + 1
            if left >= heap.count { break }
            let right = left + 1
            let child = right < heap.count && heap[right].due < heap[left].due ? right : left
            if heap[parent].due <= heap[child].due { break }
            heap.swapAt(parent, child)
            parent = child
        }
        return first.id
    }
}
