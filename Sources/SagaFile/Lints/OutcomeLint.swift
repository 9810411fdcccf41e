import SagaModel

/// Looks at the outcomes: each end has one that always holds, and it stands last.
enum OutcomeLint {
    /// An instance holds its outcome's number in a byte; nobody could tell so many apart.
    private static let outcomeCountMax = 64

    static func run(_ draft: SagaDraft, _ report: inout Report) {
        if draft.outcomes.count > outcomeCountMax {
            report.addTooMany(
                "outcomes", of: draft.name, at: draft.outcomes[outcomeCountMax].name.mark, countMax: outcomeCountMax)
        }
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
