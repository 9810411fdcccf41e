/// An order that an operator may give now, and what it does.
package struct OperatorChoice: Sendable, Hashable {
    package var action: OperatorOrder.Action
    /// The step meant; nil for an order to the whole saga.
    package var step: String?
    /// What the machine does at once.
    package var actions: [Action]
    /// The ends that can still be reached afterwards.
    package var ends: Set<End>
    /// Steps whose effect stays, or may stay, although nobody will undo it.
    package var effectsLeft: [String]

    /// How a saga can end.
    package enum End: String, Sendable, Hashable, CaseIterable {
        case completed
        case compensated
        case aborted
    }
}

extension SagaMachine {
    /// Lists the orders that an operator may give to the instance now, with their consequences.
    ///
    /// - Parameter milliseconds: The time that the listed actions are dated with.
    package static func operatorChoices(
        _ definition: CompiledDefinition, _ instance: Instance, milliseconds: Int64
    ) -> [OperatorChoice] {
        OperatorOrder.Action.allCases.flatMap { action in
            steps(definition, instance, for: action).compactMap { step in
                choice(definition, instance, action, step: step, milliseconds: milliseconds)
            }
        }
    }

    private static func steps(
        _ definition: CompiledDefinition, _ instance: Instance, for action: OperatorOrder.Action
    ) -> [String?] {
        switch action {
        case .retry, .resume, .skip:
            instance.pending.filter(\.state.isStuck).map { definition.steps[Int($0.step)].id }
        case .compensate, .abort: [nil]
        }
    }

    private static func choice(
        _ definition: CompiledDefinition, _ instance: Instance, _ action: OperatorOrder.Action, step: String?,
        milliseconds: Int64
    ) -> OperatorChoice? {
        let order = OperatorOrder(action, step: step, reason: "", who: "")
        let (after, actions) = decide(definition, instance, Input(.ordered(order), milliseconds: milliseconds))
        for case .ignore in actions { return nil }
        return OperatorChoice(
            action: action, step: step, actions: actions, ends: ends(definition, after),
            effectsLeft: effectsLeft(definition, before: instance, after: after, action: action, step: step))
    }

    /// The ends that the phase leaves open.
    private static func ends(_ definition: CompiledDefinition, _ instance: Instance) -> Set<OperatorChoice.End> {
        switch instance.phase {
        case .unstarted: []
        case .running: instance.isForwardOnly ? [.completed] : [.completed, .compensated]
        case .settling, .compensating: [.compensated]
        case .finished:
            instance.outcome.map { definition.outcomes[Int($0)].end } == .completed ? [.completed] : [.compensated]
        case .aborted: [.aborted]
        }
    }

    private static func effectsLeft(
        _ definition: CompiledDefinition, before: Instance, after: Instance, action: OperatorOrder.Action,
        step: String?
    ) -> [String] {
        let steps = definition.steps.indices.filter { index in
            let isSkippedUndo =
                action == .skip && definition.steps[index].id == step && before.progress[index] == .undoing
            guard after.phase == .aborted || isSkippedUndo else { return false }
            guard definition.steps[index].hasEffect, index > 0 || definition.steps[0].do != nil else { return false }
            switch before.progress[index] {
            case .done, .active, .inDoubt, .undoing: return true
            case .ahead, .skipped, .failed, .undone: return false
            }
        }
        return steps.map { definition.steps[$0].id }
    }
}
