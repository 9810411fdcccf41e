/// A queue that keeps its storage.
struct Ring<Element> {
    private var slots: ContiguousArray<Element?>
    private var head = 0
    private(set) var count = 0

    /// - Parameter capacity: a power of two.
    init(capacity: Int = 16) {
        slots = ContiguousArray(repeating: nil, count: capacity)
    }

    var isEmpty: Bool { count == 0 }

    /// An element by its place from the front. Reading a part of it copies nothing else.
    subscript(index: Int) -> Element {
        _read {
            precondition(index < count, "index past the end of the queue")
            yield slots[(head &+ index) & (slots.count &- 1)]!
        }
        _modify {
            precondition(index < count, "index past the end of the queue")
            yield &slots[(head &+ index) & (slots.count &- 1)]!
        }
    }

    mutating func append(_ element: consuming Element) {
        if count == slots.count { grow() }
        slots[(head &+ count) & (slots.count &- 1)] = element
        count &+= 1
    }

    @discardableResult
    mutating func removeFirst() -> Element? {
        guard count > 0 else { return nil }
        let element = slots[head].take()
        head = (head &+ 1) & (slots.count &- 1)
        count &-= 1
        return element
    }

    /// Takes everything out, in order.
    mutating func removeAll() -> [Element] {
        var elements: [Element] = []
        elements.reserveCapacity(count)
        while let element = removeFirst() { elements.append(element) }
        return elements
    }

    private mutating func grow() {
        var larger = ContiguousArray<Element?>()
        larger.reserveCapacity(slots.count * 2)
        for index in 0..<count { larger.append(slots[(head + index) & (slots.count - 1)]) }
        larger.append(contentsOf: repeatElement(nil, count: slots.count))
        slots = larger
        head = 0
    }
}
