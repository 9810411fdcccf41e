import SagaModel

/// Chooses payloads that stand for all payloads.
///
/// Only guards (`when`, of steps and of outcomes) look at values, and only through comparisons. So one value stands for
/// all where no guard looks, and where one does, each side of each comparison is represented.
struct PayloadSampler {
    /// At most so many payloads of one message are told apart; beyond that the last guards see one value.
    static let payloadCountMax = 16

    private let definition: Definition
    /// By data field: the literals it is compared with; an entry without literals is only looked at.
    private var literals: [String: Set<Value>] = [:]

    init(_ definition: Definition) {
        self.definition = definition
        for step in definition.steps {
            if let when = step.when { look(at: when) }
        }
        for outcome in definition.outcomes {
            if let when = outcome.when { look(at: when) }
        }
    }

    /// The payloads that the start event may have.
    var startPayloads: [Record] {
        let event = definition.participants.flatMap(\.events).first { $0.type == definition.start.event }
        return payloads(of: event?.payload ?? [], set: definition.start.set, root: .event)
    }

    /// The payloads of a message with these fields, of which `set` copies some into `data`.
    func payloads(of fields: [Field], set: [Assignment], root: Path.Root) -> [Record] {
        var payloads = [Record(fields.map { .init(name: $0.name, value: Self.sample(of: $0.type)) })]
        for assignment in set {
            guard case .path(let path) = assignment.value, path.root == root, path.fields.count == 1,
                let field = fields.first(where: { $0.name == path.fields[0] }),
                let literals = literals[assignment.field]
            else { continue }
            let values = Self.values(of: field.type, comparedWith: literals)
            guard payloads.count * values.count <= Self.payloadCountMax else { continue }
            payloads = payloads.flatMap { payload in
                values.map { value in
                    var payload = payload
                    payload[field.name] = value
                    return payload
                }
            }
        }
        return payloads
    }

    /// A value of the type; which one does not matter.
    static func sample(of type: DataType) -> Value {
        switch type {
        case .id, .string: "x"
        case .integer, .money, .time: 1
        case .boolean: true
        case .choice(let names): names.first.map { .string($0) } ?? "x"
        case .list: .list([])
        case .record(let record):
            .record(Record(record.fields.map { .init(name: $0.name, value: sample(of: $0.type)) }))
        case .optional(let wrapped): sample(of: wrapped)
        }
    }

    /// Values on every side of every comparison; nil stands for absent.
    private static func values(of type: DataType, comparedWith literals: Set<Value>) -> [Value?] {
        var values: [Value?] =
            switch type.unwrapped {
            case .boolean: [true, false]
            case .choice(let names): names.map { .string($0) }
            case .integer, .money, .time:
                [sample(of: type)]
                    + literals.flatMap { literal -> [Value?] in
                        guard case .integer(let number) = literal else { return [] }
                        return [.integer(number &- 1), .integer(number), .integer(number &+ 1)]
                    }
            case .id, .string, .list, .record, .optional: [sample(of: type)] + literals.map { $0 }
            }
        if type.isOptional { values.append(nil) }
        var seen: Set<Value?> = []
        return values.filter { $0 != .some(.null) && seen.insert($0).inserted }
    }

    // MARK: Guards

    private mutating func look(at condition: Condition) {
        switch condition {
        case .equal(let left, let right), .notEqual(let left, let right), .less(let left, let right):
            look(at: left, comparedWith: [right])
            look(at: right, comparedWith: [left])
        case .among(let needle, let hay): look(at: needle, comparedWith: hay)
        case .exists(let path): look(at: .path(path), comparedWith: [])
        case .and(let parts), .or(let parts): for part in parts { look(at: part) }
        case .not(let part): look(at: part)
        }
    }

    private mutating func look(at expression: Expression, comparedWith others: [Expression]) {
        guard case .path(let path) = expression, path.root == .data, let field = path.fields.first else { return }
        literals[field, default: []].formUnion(
            others.compactMap { if case .literal(let literal) = $0 { literal } else { nil } })
    }
}
