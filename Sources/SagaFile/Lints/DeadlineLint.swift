import SagaModel

/// Compares the deadline with what the steps up to the pivot are allowed to take.
enum DeadlineLint {
    static func run(_ draft: SagaDraft, _ definition: Definition, _ report: inout Report) {
        guard let deadline = draft.deadline, let budget = budgetMilliseconds(of: definition) else { return }
        if deadline.value.milliseconds < budget {
            report.add(
                .deadlineTooShort, at: deadline.mark,
                "the steps up to the pivot may take \(ISODuration.spell(.milliseconds(budget))), longer than the deadline"
            )
        }
    }

    /// The longest the saga may take before nothing can fail any more; nil when a wait has no end.
    private static func budgetMilliseconds(of definition: Definition) -> Int64? {
        var sum: Int64 = 0
        for element in definition.flow {
            let branches: [[Step]] =
                switch element {
                case .step(let step): [[step]]
                case .parallel(let group): group.branches
                }
            var longest: Int64 = 0
            for branch in branches {
                var branchSum: Int64 = 0
                for step in branch where step.kind != .retriable {
                    guard let share = budgetMilliseconds(of: step.retry) else { return nil }
                    branchSum += share
                }
                longest = max(longest, branchSum)
            }
            sum += longest
        }
        return sum
    }

    private static func budgetMilliseconds(of policy: RetryPolicy) -> Int64? {
        guard let attempts = policy.attempts, policy.timeout != nil else { return nil }
        let compiled = CompiledPolicy(policy)
        // Beyond this many sends the wait no longer grows.
        let growing = min(attempts, 64)
        var sum: Int64 = 0
        for send in 1...growing { sum += compiled.wait(afterSend: UInt16(send)) ?? 0 }
        return sum + Int64(attempts - growing) * (compiled.wait(afterSend: UInt16(growing)) ?? 0)
    }
}
