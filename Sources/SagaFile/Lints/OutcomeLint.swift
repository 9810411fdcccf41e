import SagaModel

/// Looks at the outcomes: each end has one that always holds, and it stands last.
enum OutcomeLint {
    static func run(_ draft: SagaDraft, _ report: inout Report) {
        for end in Outcome.End.allCases {
            let outcomes = draft.outcomes.filter { $0.value.end == end }
            guard let unconditional = outcomes.firstIndex(where: { $0.value.when == nil }) else {
                report.add(
                    .outcomeMissing, at: outcomes.first?.name.mark ?? draft.name.mark,
                    "no outcome without `when` stands for a saga that is \(end.rawValue)")
                continue
            }
            for hidden in outcomes.dropFirst(unconditional + 1) {
                report.add(
                    .outcomeUnreachable, at: hidden.name.mark,
                    "`\(hidden.name.value)` is never reached: `\(outcomes[unconditional].name.value)` always holds")
            }
        }
    }
}
