extension DefinitionResolver {
    /// Checks that a condition over aggregates speaks of aggregates and states that exist.
    mutating func checkStates(_ condition: Condition, at place: [String]) {
        switch condition {
        case .equal(let left, let right), .notEqual(let left, let right):
            checkComparison(left, [right], at: place)
            checkComparison(right, [left], at: place)
        case .among(let needle, let hay): checkComparison(needle, hay, at: place)
        case .less, .exists:
            fault(.badCondition, at: place, "An aggregate always has a state, and states have no order.")
        case .and(let parts), .or(let parts): for part in parts { checkStates(part, at: place) }
        case .not(let part): checkStates(part, at: place)
        }
    }

    private mutating func checkComparison(_ left: Expression, _ others: [Expression], at place: [String]) {
        guard case .path(let path) = left, let aggregate = aggregate(path, at: place) else { return }
        for case .literal(let literal) in others {
            guard case .string(let state) = literal, aggregate.states.contains(state) else {
                fault(
                    .unknownState, at: place,
                    "`\(path)` has no state \(CanonicalJSON.text(of: literal)); it has "
                        + aggregate.states.joined(separator: ", ") + ".")
                continue
            }
        }
    }

    private mutating func aggregate(_ path: Path, at place: [String]) -> Aggregate? {
        guard path.root == .state, path.fields.count == 2 else {
            fault(.pathNotAllowed, at: place, "`\(path)` cannot be read here, only `state.PARTICIPANT.AGGREGATE`.")
            return nil
        }
        let found = definition.participant(named: path.fields[0])?.aggregate(named: path.fields[1])
        if found == nil { fault(.unknownAggregate, at: place, "`\(path)` leads to no aggregate of a participant.") }
        return found
    }
}
