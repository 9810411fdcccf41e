import SagaModel

/// What the guards (`when`, of steps and of outcomes) look at, and which payloads it comes from.
struct GuardTable {
    private var links: [GuardPlace: Set<GuardPlace>] = [:]
    private var literals: [GuardPlace: Set<Value>] = [:]
    private var lookedAt: Set<GuardPlace> = []
    private var compared: Set<GuardPlace> = []
    private var ordered: Set<GuardPlace> = []
    /// The places compared with another place.
    private var paired: Set<GuardPlace> = []
    private var opaque: Set<GuardPlace> = [.id]
    /// Of the definition that is being read.
    private var data: [Field] = []

    init(_ definitions: [Definition]) {
        for definition in definitions { read(definition) }
    }

    /// What the value at the place may come to be compared with; nil where no guard ever looks.
    func valueClass(of place: GuardPlace) -> ValueClass? {
        var (found, open): (Set<GuardPlace>, [GuardPlace]) = ([place], [place])
        while let place = open.popLast() {
            open += links[place, default: []].filter { found.insert($0).inserted }
        }
        guard !found.isDisjoint(with: lookedAt) else { return nil }
        return ValueClass(
            literals: found.reduce(into: []) { $0.formUnion(literals[$1, default: []]) },
            placeCount: placeCount(of: found), isCompared: !found.isDisjoint(with: compared),
            isOrdered: !found.isDisjoint(with: ordered), isOpaque: !found.isDisjoint(with: opaque))
    }

    /// Values come to be compared that came in at different places, or one after the other at one place.
    private func placeCount(of found: Set<GuardPlace>) -> Int {
        let pairedCount = found.intersection(paired).count
        return pairedCount == 0 ? 1 : max(pairedCount, found.count(where: \.isFilledFromOutside))
    }

    // MARK: Where values come from

    private mutating func read(_ definition: Definition) {
        data = definition.data
        let start = MessageName(step: Start.stepID, name: definition.start.event)
        link(.payload(start, [definition.start.key]), .key, .id)
        read(definition.start.set, of: start)
        for step in definition.steps {
            for rule in step.on { read(rule.set, of: MessageName(step: step.id, name: rule.reply)) }
            if let when = step.when { look(at: when) }
        }
        for outcome in definition.outcomes {
            if let when = outcome.when { look(at: when) }
        }
    }

    private mutating func read(_ set: [Assignment], of message: MessageName) {
        for assignment in set {
            fill(.data([assignment.field]), with: assignment.value, of: message, type(of: [assignment.field]))
        }
    }

    private mutating func fill(
        _ place: GuardPlace, with value: Expression, of message: MessageName, _ type: DataType?
    ) {
        switch value {
        case .path(let path):
            if let source = GuardPlace(path, in: message) { link(source, place, type) }
        case .literal(let literal): literals[place, default: []].insert(literal)
        case .record(let members):
            for member in members {
                let field = type?.fields.first { $0.name == member.field }
                fill(place.below(member.field), with: member.value, of: message, field?.type)
            }
        case .list: opaque.insert(place)
        }
    }

    /// Notes that the value at one place comes to stand at the other, or is compared with it; so do its fields.
    private mutating func link(_ place: GuardPlace, _ other: GuardPlace, _ type: DataType?) {
        links[place, default: []].insert(other)
        links[other, default: []].insert(place)
        for field in type?.fields ?? [] { link(place.below(field.name), other.below(field.name), field.type) }
    }

    private func type(of fields: [String]) -> DataType? {
        fields.reduce(DataType.record(RecordType(fields: data))) { type, name in
            type?.fields.first { $0.name == name }?.type
        }
    }

    // MARK: Guards

    private mutating func look(at condition: Condition) {
        switch condition {
        case .equal(let left, let right), .notEqual(let left, let right): compare(left, right, isOrdered: false)
        case .less(let left, let right): compare(left, right, isOrdered: true)
        case .among(let needle, let hay): for right in hay { compare(needle, right, isOrdered: false) }
        case .exists(let path): if let place = GuardPlace(path, in: nil) { lookedAt.insert(place) }
        case .and(let parts), .or(let parts): for part in parts { look(at: part) }
        case .not(let part): look(at: part)
        }
    }

    private mutating func compare(_ left: Expression, _ right: Expression, isOrdered: Bool) {
        switch (left, right) {
        case (.path(let path), .literal(let literal)), (.literal(let literal), .path(let path)):
            guard let place = GuardPlace(path, in: nil) else { return }
            note(place, nil, isOrdered: isOrdered)
            literals[place, default: []].insert(literal)
        case (.path(let left), .path(let right)):
            guard let place = GuardPlace(left, in: nil), let other = GuardPlace(right, in: nil) else { return }
            pair(place, type(ofPath: left), other, type(ofPath: right), isOrdered: isOrdered)
        case (.literal, _), (.record, _), (.list, _), (.path, _): break
        }
    }

    /// Notes that two places are compared; of records every field is.
    private mutating func pair(
        _ place: GuardPlace, _ type: DataType?, _ other: GuardPlace, _ otherType: DataType?, isOrdered: Bool
    ) {
        paired.formUnion([place, other])
        note(place, type, isOrdered: isOrdered)
        note(other, otherType, isOrdered: isOrdered)
        links[place, default: []].insert(other)
        links[other, default: []].insert(place)
        let names = Set((type?.fields ?? []).map(\.name)).union((otherType?.fields ?? []).map(\.name))
        for name in names {
            let fields = [type, otherType].map { $0?.fields.first { $0.name == name }?.type }
            pair(place.below(name), fields[0], other.below(name), fields[1], isOrdered: isOrdered)
        }
    }

    private mutating func note(_ place: GuardPlace, _ type: DataType?, isOrdered: Bool) {
        lookedAt.insert(place)
        compared.insert(place)
        if isOrdered { ordered.insert(place) }
        // A text may equal one of the names that another place can only be.
        if case .choice(let names)? = type?.unwrapped {
            literals[place, default: []].formUnion(names.map { .string($0) })
        }
    }

    private func type(ofPath path: Path) -> DataType? {
        path.root == .data ? type(of: path.fields) : nil
    }
}

extension DataType {
    /// The fields of a record.
    fileprivate var fields: [Field] {
        if case .record(let record) = unwrapped { record.fields } else { [] }
    }
}
