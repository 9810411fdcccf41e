/// What a fence row knows of one step of one saga here.
package enum FenceState: String, Sendable, Hashable, CaseIterable {
    /// Nothing yet: the row was made by the transaction that asks, and holds what is expected of it.
    case new
    /// The step was done, or may have been.
    case done
    /// The step was asked for and refused for a reason of business; it changed nothing.
    case refused
    /// The step was done and undone.
    case undone
    /// The undo came without a do: a tombstone that keeps a late do out.
    case fenced
}

/// What the fence says to a command.
package enum FenceDecision: Sendable, Hashable {
    /// Run the handler.
    case run
    /// Answer `Fenced` without running it: the step was undone before, or is done already.
    case refuse
    /// Answer success without running it: there is nothing to undo.
    case nothingToUndo
}

/// Do and undo of one step in any order: the undo that overtakes its do keeps the do out for ever.
package enum FenceRule {
    /// What a command does when its row is in a state.
    package static func decide(_ direction: StepReference.Direction, at state: FenceState) -> FenceDecision {
        switch (direction, state) {
        case (.forward, .new), (.forward, .refused): .run
        // A second do under another id: its effect is there, and its sender has not seen why it should ask again.
        case (.forward, .done): .refuse
        case (.forward, .undone), (.forward, .fenced): .refuse
        case (.backward, .done): .run
        case (.backward, .new), (.backward, .refused), (.backward, .undone), (.backward, .fenced): .nothingToUndo
        }
    }

    /// The state a new row is made with, so that it need not be changed where all goes well.
    package static func expectation(of direction: StepReference.Direction) -> FenceState {
        switch direction {
        case .forward: .done
        case .backward: .fenced
        }
    }

    /// The row's state after a command.
    ///
    /// - Parameter answer: the handler's; `done` where none ran.
    package static func state(
        after direction: StepReference.Direction, _ decision: FenceDecision, at state: FenceState,
        _ answer: HandlerResult.Answer
    ) -> FenceState {
        switch (direction, decision) {
        case (_, .refuse): state
        case (.forward, .run): answer == .refused ? .refused : .done
        case (.forward, .nothingToUndo): state
        case (.backward, .run): answer == .done ? .undone : .done
        case (.backward, .nothingToUndo): state == .undone ? .undone : .fenced
        }
    }
}
