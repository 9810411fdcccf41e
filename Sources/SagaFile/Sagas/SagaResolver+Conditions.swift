import SagaModel

extension SagaResolver {
    /// Returns the condition with its words looked up; nil after a fault.
    ///
    /// - Parameter isOverStates: whether it speaks of aggregates and their states, as `require` does, or of data.
    mutating func condition(_ draft: ConditionDraft, isOverStates: Bool = false) -> Condition? {
        switch draft {
        case .compare(let left, let comparison, let right):
            if isOverStates, !comparison.isOverStates {
                return refuse("states have no order, so `\(comparison.rawValue)` means nothing here", at: left.mark)
            }
            guard let (left, right) = sides(left, [right], isOverStates) else { return nil }
            return Self.compare(left, comparison, right[0])
        case .among(let needle, let hay):
            guard let (needle, hay) = sides(needle, hay, isOverStates) else { return nil }
            return .among(needle, hay)
        case .exists(let operand):
            if isOverStates { return refuse("an aggregate always has a state, so it always exists", at: operand.mark) }
            guard let (left, _) = sides(operand, [], isOverStates), case .path(let path) = left else { return nil }
            return .exists(path)
        case .and(let parts): return conditions(parts, isOverStates).map { .and($0) }
        case .or(let parts): return conditions(parts, isOverStates).map { .or($0) }
        case .not(let part): return condition(part, isOverStates: isOverStates).map { .not($0) }
        }
    }

    private mutating func refuse(_ message: String, at mark: Mark) -> Condition? {
        report.add(
            .badCondition, at: mark, message, hint: "Compare with states, as in `ticket in [ACCEPTED, CANCELLED]`.")
        return nil
    }

    private mutating func conditions(_ drafts: [ConditionDraft], _ isOverStates: Bool) -> [Condition]? {
        var conditions: [Condition] = []
        for draft in drafts {
            if let condition = condition(draft, isOverStates: isOverStates) { conditions.append(condition) }
        }
        return conditions.count == drafts.count ? conditions : nil
    }

    /// `<=` is spelled out, as the negation of `>` would be true where a side is absent.
    private static func compare(
        _ left: Expression, _ comparison: ConditionDraft.Operator, _ right: Expression
    ) -> Condition {
        switch comparison {
        case .equal: .equal(left, right)
        case .notEqual: .notEqual(left, right)
        case .less: .less(left, right)
        case .greater: .less(right, left)
        case .atMost: .or([.less(left, right), .equal(left, right)])
        case .atLeast: .or([.less(right, left), .equal(left, right)])
        }
    }

    private mutating func sides(
        _ left: ConditionDraft.Operand, _ right: [ConditionDraft.Operand], _ isOverStates: Bool
    ) -> (Expression, [Expression])? {
        if isOverStates { return stateSides(left, right) }
        guard let first = dataSide(left) else { return nil }
        let others = right.compactMap { dataSide($0) }
        return others.count == right.count ? (first, others) : nil
    }

    private mutating func dataSide(_ operand: ConditionDraft.Operand) -> Expression? {
        switch operand {
        case .literal(let literal): return .literal(literal.value)
        case .word(let word):
            if case .path(let path)? = ExpressionDraft(word: word) { return .path(Self.path(path.value)) }
            let nearest = Spelling.nearest(to: word.value, among: self.draft.data.map { "data." + $0.name.value })
            report.add(
                .badPath, at: word.mark, "`\(word.value)` is neither a path nor a literal",
                hint: nearest.map { "Did you mean `\($0)`?" })
            return nil
        }
    }

    /// Reads `ticket == CANCELLED`: the left side is an aggregate, the words on the right are its states.
    private mutating func stateSides(
        _ left: ConditionDraft.Operand, _ right: [ConditionDraft.Operand]
    ) -> (Expression, [Expression])? {
        guard case .word(let word) = left else {
            report.add(
                .badCondition, at: left.mark, "an aggregate is expected here",
                hint: "Write it like `ticket == CANCELLED`.")
            return nil
        }
        guard let (name, aggregate) = aggregate(word) else { return nil }
        var states: [Expression] = []
        for operand in right {
            switch operand {
            case .word(let state) where aggregate.states.contains(state.value):
                states.append(.literal(.string(state.value)))
            case .word(let state):
                report.addUnknown(.unknownState, state, what: "state of `\(name)`", known: aggregate.states)
            case .literal(let literal):
                report.add(
                    .badCondition, at: literal.mark, "a state is expected here",
                    hint: "States stand without quotes, as in `ticket == CANCELLED`.")
            }
        }
        guard states.count == right.count else { return nil }
        return (.path(Path(.state, name.participant, name.aggregate)), states)
    }
}

extension ConditionDraft.Operator {
    /// Whether it can be asked of states, which are only equal or not.
    fileprivate var isOverStates: Bool {
        switch self {
        case .equal, .notEqual: true
        case .atMost, .atLeast, .less, .greater: false
        }
    }
}
