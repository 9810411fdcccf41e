import SagaModel

/// A condition over the aggregates of a world, with states as numbers.
indirect enum StateCondition: Sendable {
    /// The states are a bit set.
    case among(aggregate: Int, states: UInt64)
    case and([StateCondition])
    case or([StateCondition])
    case not(StateCondition)

    /// Resolves a condition that a compiled definition has accepted; what it cannot mean is false.
    init(_ condition: Condition, aggregates: [AggregateModel]) {
        switch condition {
        case .equal(let left, let right): self = .comparison(left, [right], aggregates)
        case .notEqual(let left, let right): self = .not(.comparison(left, [right], aggregates))
        case .among(let needle, let hay): self = .comparison(needle, hay, aggregates)
        case .less, .exists: self = .or([])
        case .and(let parts): self = .and(parts.map { StateCondition($0, aggregates: aggregates) })
        case .or(let parts): self = .or(parts.map { StateCondition($0, aggregates: aggregates) })
        case .not(let part): self = .not(StateCondition(part, aggregates: aggregates))
        }
    }

    private static func comparison(
        _ left: Expression, _ right: [Expression], _ aggregates: [AggregateModel]
    ) -> StateCondition {
        guard case .path(let path) = left else {
            // `APPROVED == state.order.order` is the same the other way round.
            guard right.count == 1, case .path = right[0] else { return .or([]) }
            return comparison(right[0], [left], aggregates)
        }
        let index = aggregates.firstIndex {
            path.fields == [$0.name.participant, $0.name.aggregate]
        }
        guard let index else { return .or([]) }
        let states = right.reduce(0 as UInt64) { states, expression in
            guard case .literal(.string(let state)) = expression else { return states }
            return aggregates[index].index(of: state).map { states | 1 << UInt64($0) } ?? states
        }
        return .among(aggregate: index, states: states)
    }

    /// The answer, with `state` telling the state of an aggregate by its index.
    func holds(_ state: (Int) -> UInt8) -> Bool {
        switch self {
        case .among(let aggregate, let states): states & 1 << UInt64(state(aggregate)) != 0
        case .and(let parts): parts.allSatisfy { $0.holds(state) }
        case .or(let parts): parts.contains { $0.holds(state) }
        case .not(let part): !part.holds(state)
        }
    }

    /// The aggregates it speaks of.
    var aggregates: Set<Int> {
        switch self {
        case .among(let aggregate, _): [aggregate]
        case .and(let parts), .or(let parts): parts.reduce(into: []) { $0.formUnion($1.aggregates) }
        case .not(let part): part.aggregates
        }
    }
}
