import SagaModel

/// Looks at each step alone: what its kind allows, what its replies may be, how it waits.
struct StepLint {
    private let draft: SagaDraft
    private let contracts: ContractTable
    private var report: Report

    static func run(_ draft: SagaDraft, contracts: ContractTable, _ report: inout Report) {
        var lint = StepLint(draft: draft, contracts: contracts, report: report)
        for step in draft.steps { lint.check(step) }
        if let undo = draft.start.undo { lint.checkUndoWait(undo) }
        report = lint.report
    }

    private mutating func check(_ step: StepDraft) {
        if let wait = step.await {
            check(wait, of: step)
        } else if let send = step.send {
            checkReplies(step, send)
            checkEffect(step, send)
        }
        checkUndo(step)
        checkWait(step)
    }

    // MARK: Waits for events

    private mutating func check(_ wait: AwaitDraft, of step: StepDraft) {
        if step.send != nil {
            report.add(.exclusiveKeys, at: wait.mark, "the step has `do` and `await`")
        }
        if step.kind.value == .compensatable || step.kind.value == .pivot {
            report.add(
                .waitHasNoEffect, at: step.kind.mark,
                "a wait has no effect, so it cannot be `\(step.kind.value.rawValue)`")
        }
        if step.wait.timeout == nil {
            report.add(.timeoutMissing, at: wait.mark, "nothing says how long the events are waited for")
        }
        let events = wait.events.map(\.value)
        for rule in step.on where !events.contains(rule.name.value) {
            report.addUnknown(.unknownEvent, rule.name, what: "awaited event", known: events)
        }
    }

    // MARK: Replies

    private mutating func checkReplies(_ step: StepDraft, _ send: CallDraft) {
        guard let contract = contracts.contract(of: send) else { return }
        let replies = contract.successes + contract.failures
        for rule in step.on where !replies.contains(where: { $0.name == rule.name.value }) {
            report.addUnknown(
                .unknownReply, rule.name, what: "reply of `\(send.command.value)`", known: replies.map(\.name))
        }
        func rule(_ reply: ReplyContract) -> RuleDraft? {
            step.on.first { $0.name.value == reply.name }?.value
        }
        if contract.successes.count > 1 {
            for reply in contract.successes where rule(reply) == nil {
                report.add(.replyUnhandled, at: send.command.mark, "the reply `\(reply.name)` is not handled")
            }
        }
        for reply in contract.failures {
            check(reply, rule: rule(reply), of: step, send)
        }
    }

    private mutating func check(_ failure: ReplyContract, rule: RuleDraft?, of step: StepDraft, _ send: CallDraft) {
        if step.kind.value == .retriable {
            if rule?.verdict == nil || rule?.verdict == .fail {
                report.add(
                    .retriableCanFail, at: step.kind.mark,
                    "`\(step.id.value)` is retriable, but `\(send.command.value)` may answer `\(failure.name)`")
            }
        } else if rule == nil {
            report.add(.replyUnhandled, at: send.command.mark, "the failure `\(failure.name)` is not handled")
        }
    }

    // MARK: Effects and their undo

    private mutating func checkEffect(_ step: StepDraft, _ send: CallDraft) {
        guard step.kind.value == .check, let contract = contracts.contract(of: send) else { return }
        let changes = contract.transitions.contains { transition in
            switch transition.to {
            case .unchanged: false
            case .remembered: true
            case .state(let state): transition.from.contains { $0 != state }
            }
        }
        if changes {
            report.add(
                .checkHasEffect, at: step.kind.mark,
                "`\(step.id.value)` is a check, but `\(send.command.value)` changes the state")
        }
    }

    private mutating func checkUndo(_ step: StepDraft) {
        let mayHaveUndo = step.kind.value == .compensatable || step.kind.value == .pivot
        guard let undo = step.undo else {
            guard mayHaveUndo, step.await == nil else { return }
            if step.wait.timeout != nil || step.kind.value == .pivot {
                report.add(
                    .timeoutWithoutUndo, at: step.wait.timeout?.mark ?? step.kind.mark,
                    "`\(step.id.value)` may time out with its effect done, and nothing undoes it")
            } else {
                report.add(.undoMissing, at: step.kind.mark, "`\(step.id.value)` is compensatable and has no `undo`")
            }
            return
        }
        checkUndoWait(undo)
        if !mayHaveUndo || step.await != nil {
            report.add(
                .undoRefused, at: undo.mark, "`\(step.id.value)` has an `undo`, but nothing that could be undone")
            return
        }
        guard let send = step.send, let contract = contracts.contract(of: undo) else { return }
        let fenced = contract.undoes.map { String(undo.command.value.prefix { $0 != "." }) + "." + $0 }
        if fenced != send.command.value {
            report.add(
                .undoWithoutFence, at: undo.command.mark,
                "`\(undo.command.value)` is not declared to undo `\(send.command.value)`")
        }
    }

    // MARK: Waiting

    private mutating func checkWait(_ step: StepDraft) {
        if case .never? = step.wait.timeout?.value, let mark = step.wait.timeout?.mark, step.kind.value != .check,
            step.await == nil
        {
            report.add(
                .timeoutMissing, at: mark, "`\(step.id.value)` has an effect and would wait for its reply for ever",
                hint: "Write a duration: after it the request is sent again.")
        }
        if case .forever? = step.wait.retry?.attempts?.value, let mark = step.wait.retry?.attempts?.mark,
            step.kind.value != .retriable
        {
            report.add(.attemptsUnlimited, at: mark, "`\(step.id.value)` would be sent for ever and never fail")
        }
    }

    private mutating func checkUndoWait(_ undo: CallDraft) {
        if case .never? = undo.wait.timeout?.value, let mark = undo.wait.timeout?.mark {
            report.add(
                .timeoutMissing, at: mark, "an undo must not wait for its reply for ever",
                hint: "Write a duration: after it the request is sent again.")
        }
    }
}
