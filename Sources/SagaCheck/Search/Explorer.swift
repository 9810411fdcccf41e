import SagaModel

/// The states of a world, found breadth first.
///
/// A state is a few words: for each saga the number of its instance, for each aggregate its value, for each step its
/// fence, for each request the copies of command and reply under way and the stored reply, and the faults left. The
/// network keeps no order, so every reordering is a story of its own.
struct Explorer: ~Copyable {
    let world: World
    let limits: SearchLimits
    /// Whether messages that can never change anything again are taken out at once; see ``removeInert()``.
    let isReduced: Bool

    var tables: [SagaTable]
    var turns: [TurnInWorld] = []
    var fields: [TurnFields] = []
    var replyFields: [BitField] = []
    /// By turn and word: the bits of its messages.
    var turnBits: [UInt64] = []
    var turnNumbers: [TurnKey: Int] = [:]
    var layout: StateLayout
    let store: StateStore
    let buffers: StateBuffers

    /// Which turn owns a bit of the words of messages under way.
    var owners: [Int]
    /// By saga and word: the bits of all its replies, and of all its commands.
    var replyBits: [UInt64]
    var commandBits: [UInt64]
    /// By turn, fence and aggregate value: where the ways to handle its command start in ``outcomes``.
    var outcomeRanges: [OutcomeRange] = []
    var outcomes: [HandlerOutcome] = []

    /// The state being expanded.
    var parent = -1
    var successorCount = 0
    var transitionCount = 0
    var violations: [Violation: Sighting] = [:]
    /// The saga that the successor in the making undoes something of although it may not.
    var undoneAfterPivot: Int?
    var isFull = false
    /// What ended the search before every state was expanded.
    var interruption: Interruption?
    /// What becomes of a successor.
    var purpose = Purpose.search
    /// The successors of one state, while they are only looked at.
    var collected: [(occurrence: Occurrence, words: [UInt64])] = []

    enum Purpose {
        case search
        case collect
    }

    init(_ world: World, limits: SearchLimits, isReduced: Bool, size: StateLayout.Size) {
        self.world = world
        self.limits = limits
        // Without correlation a late reply is never harmless, so none can be taken out.
        self.isReduced = isReduced && world.rules.correlatesReplies
        layout = StateLayout(world, size: size)
        store = StateStore(wordCount: size.wordCount)
        buffers = StateBuffers(wordCount: size.wordCount)
        tables = world.sagas.map { _ in SagaTable(messageWordCount: size.messageWordCount) }
        owners = [Int](repeating: -1, count: size.messageWordCount * 64)
        replyBits = [UInt64](repeating: 0, count: size.messageWordCount * world.sagas.count)
        commandBits = replyBits
        registerCodes()
    }

    /// Adds the states that stories begin with.
    mutating func begin() {
        for values in world.beginnings {
            for word in 0..<store.wordCount { buffers.next[word] = 0 }
            for (aggregate, value) in values.enumerated() { write(value, of: aggregate) }
            layout.timeouts.write(world.bounds.timeouts, to: buffers.next)
            layout.duplicates.write(world.bounds.duplicates, to: buffers.next)
            layout.crashes.write(world.bounds.crashes, to: buffers.next)
            layout.losses.write(world.bounds.losses, to: buffers.next)
            layout.failures.write(World.failureCountMax, to: buffers.next)
            layout.retries.write(World.operatorRetryCountMax, to: buffers.next)
            _ = store.insert(buffers.next, parent: -1)
        }
    }

    /// Finds all successors of a state of the store.
    mutating func expand(_ index: Int) {
        parent = index
        store.copy(index, to: buffers.state)
        expandState()
    }

    /// Finds all successors of the state in the buffer.
    mutating func expandState() {
        successorCount = 0
        deliverMessages()
        for saga in world.sagas.indices {
            startSaga(saga)
            fireTimers(of: saga)
        }
        deliverEvents()
        if successorCount == 0 { passDeadlines() }
        if successorCount == 0 { retryStuck() }
        if successorCount == 0 { inspectRest() }
        // What others do may happen and may not, so nothing counts on it: an event may never come.
        publishEvents()
        moveAggregates()
    }

    // MARK: Successors

    /// Begins a successor as a copy of the state being expanded.
    @inline(__always)
    func beginNext() {
        for word in 0..<store.wordCount { buffers.next[word] = buffers.state[word] }
    }

    /// Adds the successor in the making, or only collects it.
    @inline(__always)
    mutating func finishNext(_ occurrence: Occurrence) {
        if isReduced { removeInert() }
        successorCount += 1
        guard purpose == .search else { return collect(occurrence) }
        transitionCount += 1
        if let saga = undoneAfterPivot {
            report(.undoneAfterPivot(saga: saga), at: parent, by: occurrence)
            undoneAfterPivot = nil
        }
        if let index = store.insert(buffers.next, parent: parent) { inspect(index) }
    }

    private mutating func collect(_ occurrence: Occurrence) {
        let words = (0..<store.wordCount).map { buffers.next[$0] }
        collected.append((occurrence, words))
        undoneAfterPivot = nil
    }

    // MARK: Aggregates

    @inline(__always)
    func value(of aggregate: Int, in words: UnsafeMutablePointer<UInt64>) -> AggregateValue {
        let fields = layout.aggregates[aggregate]
        return AggregateValue(
            state: UInt8(truncatingIfNeeded: fields.state.read(words)),
            remembered: UInt8(truncatingIfNeeded: fields.remembered.read(words)),
            writer: UInt8(truncatingIfNeeded: fields.writer.read(words)))
    }

    @inline(__always)
    func write(_ value: AggregateValue, of aggregate: Int) {
        let fields = layout.aggregates[aggregate]
        fields.state.write(Int(value.state), to: buffers.next)
        fields.remembered.write(Int(value.remembered), to: buffers.next)
        fields.writer.write(Int(value.writer), to: buffers.next)
    }
}

/// Where the ways to handle a command stand, once they were asked for.
struct OutcomeRange {
    var first: Int32 = -1
    var count: Int32 = 0
}

/// Memory for the state being expanded and the successor in the making.
final class StateBuffers {
    let state: UnsafeMutablePointer<UInt64>
    let next: UnsafeMutablePointer<UInt64>

    init(wordCount: Int) {
        state = .allocate(capacity: wordCount * 2)
        state.initialize(repeating: 0, count: wordCount * 2)
        next = state + wordCount
    }

    deinit {
        state.deallocate()
    }
}
