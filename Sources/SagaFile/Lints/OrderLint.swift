import SagaModel

/// Looks at the order of the steps: one pivot at most, the way back before it, only forward after it.
struct OrderLint {
    private let draft: SagaDraft
    private let contracts: ContractTable
    private var report: Report

    static func run(_ draft: SagaDraft, contracts: ContractTable, _ report: inout Report) {
        var lint = OrderLint(draft: draft, contracts: contracts, report: report)
        lint.checkPivot()
        lint.checkOrder()
        lint.checkReachability()
        lint.checkStart()
        report = lint.report
    }

    private mutating func checkPivot() {
        let pivots = draft.steps.filter { $0.kind.value == .pivot }
        for extra in pivots.dropFirst() {
            report.add(
                .pivotRepeated, at: extra.kind.mark, "`\(pivots[0].id.value)` is the pivot already")
        }
        for case .parallel(let branches, _, _) in draft.flow {
            for step in branches.joined() where step.kind.value == .pivot {
                report.add(.pivotInGroup, at: step.kind.mark, "the pivot `\(step.id.value)` stands in a group")
            }
        }
        let firstForward = draft.steps.first { $0.kind.value == .retriable }
        let hasEffects = draft.steps.contains { $0.kind.value == .compensatable }
        if pivots.isEmpty, hasEffects, let firstForward {
            report.add(
                .pivotMissing, at: firstForward.kind.mark, "no step before `\(firstForward.id.value)` is the pivot")
        }
    }

    private mutating func checkOrder() {
        var turning: String?
        for element in draft.flow {
            let before = turning
            for step in element.steps {
                if let before, step.kind.value == .check || step.kind.value == .compensatable {
                    report.add(
                        .stepOrder, at: step.kind.mark,
                        "`\(step.id.value)` may fail, but after `\(before)` there is no way back")
                }
                if step.kind.value == .retriable || step.kind.value == .pivot { turning = turning ?? step.id.value }
            }
        }
        for case .parallel(let branches, _, let mark) in draft.flow {
            let kinds = Set(branches.joined().map { $0.kind.value == .retriable })
            if kinds.count > 1 {
                report.add(.stepOrder, at: mark, "the group mixes retriable steps with steps that may fail")
            }
        }
    }

    /// A step whose every answer fails or repeats lets nothing behind it run.
    private mutating func checkReachability() {
        for (index, element) in draft.flow.enumerated() {
            guard case .step(let step) = element, step.when == nil, let proceeding = contracts.proceeding(step),
                proceeding.isEmpty, step.await?.onTimeout != .proceed
            else { continue }
            if let next = draft.flow.dropFirst(index + 1).first?.steps.first {
                report.add(
                    .stepUnreachable, at: next.id.mark,
                    "`\(next.id.value)` never runs, as no reply lets `\(step.id.value)` proceed")
            }
            return
        }
    }

    /// An event that announces a pending state needs its undo, or the lock outlives the saga.
    private mutating func checkStart() {
        let mayFail = draft.steps.contains { $0.kind.value != .retriable }
        guard draft.start.undo == nil, mayFail else { return }
        for participant in contracts.participants.values {
            for aggregate in participant.aggregates {
                let locks = aggregate.moves.contains {
                    $0.emits == draft.start.event.value && aggregate.pending.contains($0.to)
                }
                if locks {
                    report.add(
                        .startWithoutUndo, at: draft.start.mark,
                        "`\(draft.start.event.value)` locks `\(participant.name).\(aggregate.name)`, "
                            + "and nothing undoes it when the saga compensates")
                }
            }
        }
    }
}
