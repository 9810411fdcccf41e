import SagaModel

/// Where everything stands in a packed state.
///
/// The first words hold the messages under way, so that a search finds them by scanning for set bits. Requests get
/// their bits when they are first sent; a search that runs out of room starts again with more.
struct StateLayout {
    struct Size: Hashable {
        var messageWordCount: Int
        var otherWordCount: Int
        var instanceCountMax = 1 << 12 - 1

        var wordCount: Int { messageWordCount + otherWordCount }
    }

    struct AggregateFields {
        let state: BitField
        let remembered: BitField
        let writer: BitField
    }

    let size: Size
    private(set) var instances: [BitField] = []
    private(set) var aggregates: [AggregateFields] = []
    /// By saga and step.
    private(set) var fences: [[BitField]] = []
    /// By event: whether it was published already by somebody outside the world.
    private(set) var published: [BitField] = []
    /// By event and saga: whether it is on its way there.
    private(set) var arriving: [[BitField]] = []
    private(set) var timeouts = BitField.none
    private(set) var duplicates = BitField.none
    private(set) var crashes = BitField.none
    private(set) var losses = BitField.none
    private(set) var failures = BitField.none
    private(set) var retries = BitField.none
    private var messages: FieldAllocator
    private var others: FieldAllocator
    /// Whether the fields that every world has found room.
    private(set) var fits = true
    /// Whether it was the words of messages that ran out.
    private(set) var needsMessageWord = false

    init(_ world: World, size: Size) {
        self.size = size
        messages = FieldAllocator(words: 0..<size.messageWordCount)
        others = FieldAllocator(words: size.messageWordCount..<size.wordCount)
        let writerMax = world.sagas.count > 1 ? world.sagas.count : 0
        instances = world.sagas.map { _ in other(size.instanceCountMax) }
        aggregates = world.aggregates.map { aggregate in
            let stateMax = aggregate.states.count - 1
            return AggregateFields(
                state: other(stateMax), remembered: other(aggregate.pending.isEmpty ? 0 : stateMax),
                writer: other(writerMax))
        }
        fences = world.sagas.map { saga in
            saga.steps.map { step in other(step.do == nil ? 0 : step.undo == nil ? 1 : 2) }
        }
        published = world.events.map { _ in other(1) }
        arriving = world.events.map { _ in world.sagas.map { _ in other(1) } }
        timeouts = other(world.bounds.timeouts)
        duplicates = other(world.bounds.duplicates)
        crashes = other(world.bounds.crashes)
        losses = other(world.bounds.losses)
        failures = other(World.failureCountMax)
        retries = other(World.operatorRetryCountMax)
    }

    private mutating func other(_ maximum: Int) -> BitField {
        if let field = others.field(maximum: maximum) { return field }
        fits = false
        return .none
    }

    /// The bits of a request's messages; nil when there is no room.
    ///
    /// - Parameters:
    ///   - variantCount: How many replies it can get.
    ///   - isShared: Whether all replies under way are the stored one.
    mutating func messageFields(
        of world: World, variantCount: Int, isShared: Bool
    ) -> (commands: BitField, replies: [BitField], stored: BitField)? {
        let bounds = world.bounds
        let sends = bounds.attempts + bounds.crashes
        let replies = sends + bounds.duplicates + 2 * bounds.crashes
        guard let stored = others.field(maximum: world.rules.inbox == .none ? 0 : variantCount) else { return nil }
        needsMessageWord = true
        guard let commands = messages.field(maximum: sends) else { return nil }
        var fields: [BitField] = []
        for _ in 0..<(isShared ? 1 : variantCount) {
            guard let field = messages.field(maximum: replies) else { return nil }
            fields.append(field)
        }
        needsMessageWord = false
        return (commands, fields, stored)
    }
}
