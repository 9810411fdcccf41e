import SagaModel

/// What the search has learnt of one saga: its instances by number, and what `decide` made of each input.
///
/// `SagaMachine.decide` itself runs once for each pair of instance and input; after that the pair is looked up, which
/// is what makes the search fast without a second implementation of the rules.
struct SagaTable {
    /// An input that the search can give to a saga; numbered, so that the answers fit a flat table.
    enum Code: Hashable {
        case start(payload: Int)
        case reply(turn: Int, variant: Int)
        case timer(turn: Int)
        case deadline
        case retry
        case event(Int, step: Int, payload: Int)
    }

    /// What `decide` made of an input.
    struct Decided {
        let next: Int32
        /// Where in ``sends`` the turns stand whose commands are sent.
        let firstSend: Int32
        let sendCount: Int32
        /// Whether a compensation is sent although the saga only goes forward.
        let undoesAfterPivot: Bool
        /// Whether the input changed nothing.
        let isIgnored: Bool
    }

    /// What the search needs to know of an instance at a glance.
    struct Summary {
        /// The outcome's index, or -1.
        var outcome: Int32 = -1
        var isCompensated = false
        var isStuck = false
        var isDeadlineSet = false
        var isOver = false
        /// Where in ``timers`` the instance's timers stand.
        var firstTimer: Int32 = 0
        var timerCount: Int32 = 0
    }

    /// A timer that runs.
    struct Timer {
        let turn: Int32
        /// Whether it fires whatever is under way.
        let isFree: Bool
    }

    private(set) var instances: [Instance] = [.unstarted]
    private(set) var summaries: [Summary] = []
    private(set) var timers: [Timer] = []
    private(set) var sends: [Int32] = []
    /// By instance and message word: the bits of the turns whose replies are taken.
    private(set) var awaited: [UInt64] = []
    let messageWordCount: Int
    private var numbers: [Instance: Int] = [.unstarted: 0]
    private(set) var codes: [Code] = []
    private(set) var decided: [Decided] = []
    /// By instance and code: the decision's number plus one, or 0.
    private var index: [Int32] = []
    private var codeCapacity = 64

    /// What it takes, about: an instance holds lists of its own, and stands in `numbers` too.
    var byteCount: Int {
        index.capacity * MemoryLayout<Int32>.stride + awaited.capacity * MemoryLayout<UInt64>.stride
            + decided.capacity * MemoryLayout<Decided>.stride + instances.count * Self.instanceByteCount
    }

    private static let instanceByteCount = 1_000

    init(messageWordCount: Int) {
        self.messageWordCount = messageWordCount
        summarise(Summary(), timers: [], awaited: [UInt64](repeating: 0, count: messageWordCount))
    }

    mutating func number(of code: Code) -> Int {
        codes.append(code)
        if codes.count > codeCapacity { growCodes() }
        return codes.count - 1
    }

    private mutating func growCodes() {
        let old = codeCapacity
        codeCapacity *= 2
        var grown = [Int32](repeating: 0, count: instances.count * codeCapacity)
        for instance in 0..<(index.count / old) {
            for code in 0..<old { grown[instance * codeCapacity + code] = index[instance * old + code] }
        }
        index = grown
    }

    @inline(__always)
    func decision(_ instance: Int, _ code: Int) -> Int? {
        let slot = instance * codeCapacity + code
        guard slot < index.count else { return nil }
        let number = index[slot]
        return number == 0 ? nil : Int(number) - 1
    }

    mutating func remember(
        for instance: Int, _ code: Int, next: Int, sends: [Int], undoesAfterPivot: Bool, isIgnored: Bool
    ) -> Int {
        decided.append(
            Decided(
                next: Int32(next), firstSend: Int32(self.sends.count), sendCount: Int32(sends.count),
                undoesAfterPivot: undoesAfterPivot, isIgnored: isIgnored))
        self.sends += sends.map { Int32($0) }
        let slot = instance * codeCapacity + code
        if slot >= index.count {
            index += repeatElement(0, count: max(instances.count * codeCapacity - index.count, 0))
        }
        index[slot] = Int32(decided.count)
        return decided.count - 1
    }

    /// Every code that was given to some instance, with its decision.
    var usedCodes: [(code: Code, decision: Int)] {
        index.indices.compactMap { slot in
            index[slot] == 0 ? nil : (codes[slot % codeCapacity], Int(index[slot]) - 1)
        }
    }

    /// The instance's number, and whether it is new.
    mutating func intern(_ instance: Instance) -> (number: Int, isNew: Bool) {
        if let number = numbers[instance] { return (number, false) }
        instances.append(instance)
        numbers[instance] = instances.count - 1
        return (instances.count - 1, true)
    }

    /// Adds what is to be known of the instance interned last.
    mutating func summarise(_ summary: Summary, timers: [Timer], awaited: [UInt64]) {
        var summary = summary
        summary.firstTimer = Int32(self.timers.count)
        summary.timerCount = Int32(timers.count)
        summaries.append(summary)
        self.timers += timers
        self.awaited += awaited
    }
}
