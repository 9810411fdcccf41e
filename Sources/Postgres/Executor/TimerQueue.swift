/// What is to be done later, soonest first: a binary heap.
struct TimerQueue<Item> {
    private var heap: [(due: MonotonicTime, item: Item)] = []

    var nextDue: MonotonicTime? { heap.first?.due }

    mutating func add(_ item: Item, due: MonotonicTime) {
        heap.append((due, item))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            if heap[parent].due <= heap[child].due { break }
            heap.swapAt(parent, child)
            child = parent
        }
    }

    /// Takes the soonest item if its time has come.
    mutating func takeDue(at now: MonotonicTime) -> Item? {
        guard let first = heap.first, first.due <= now else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        siftDown()
        return first.item
    }

    private mutating func siftDown() {
        var parent = 0
        while true {
            let left = 2 * parent + 1
            if left >= heap.count { return }
            let right = left + 1
            let child = right < heap.count && heap[right].due < heap[left].due ? right : left
            if heap[parent].due <= heap[child].due { return }
            heap.swapAt(parent, child)
            parent = child
        }
    }
}
