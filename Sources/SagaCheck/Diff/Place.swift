package import SagaModel

/// Where a running instance stands, without the numbers and values that differ from instance to instance.
package struct Place: Sendable, Hashable {
    package var phase: Instance.Phase
    package var isForwardOnly: Bool
    /// By step id, for steps that are no longer ahead.
    package var progress: [String: Instance.Progress]
    /// The ids of steps still to undo, in order of completion.
    package var trail: [String]
    package var pending: [Waiting]

    /// A step at work.
    package struct Waiting: Sendable, Hashable {
        package var step: String
        package var direction: Direction
        package var state: Pending.State
    }

    package init(_ instance: Instance, of definition: CompiledDefinition) {
        phase = instance.phase
        isForwardOnly = instance.isForwardOnly
        progress = [:]
        for (step, value) in zip(definition.steps, instance.progress) where value != .ahead {
            progress[step.id] = value
        }
        trail = instance.trail.map { definition.steps[Int($0)].id }
        pending = instance.pending.map { pending in
            Waiting(
                step: definition.steps[Int(pending.step)].id, direction: pending.direction, state: pending.state)
        }
    }

    /// The place as a person says it.
    package var words: String {
        if pending.isEmpty { return phase.rawValue }
        return pending.map(\.words).joined(separator: " and ")
    }
}

extension Place.Waiting {
    fileprivate var words: String {
        let what = direction == .undo || step == Start.stepID ? "the undo of \(step)" : step
        return switch state {
        case .asking: "waits for \(what)"
        case .backingOff: "pauses before the next try of \(what)"
        case .heldUnsent, .heldAsking, .heldBackingOff: "is held at \(what)"
        case .stuckInSilence: "is stuck at \(what), unanswered"
        case .stuckRefused: "is stuck at \(what), refused"
        case .stuckInDoubt: "is stuck at \(what), in doubt"
        }
    }
}
