/// One run of a saga: everything that ``SagaMachine`` remembers between two inputs.
///
/// Steps are held by their index in the compiled definition, so the value is small and quick to hash; an instance is
/// therefore only meaningful with the definition that started it. It holds what decides its future and nothing that
/// only explains its past, which the history has.
package struct Instance: Sendable, Hashable {
    package enum Phase: String, Sendable, Hashable, CaseIterable {
        case unstarted
        case running
        /// A branch has failed; the steps still in flight are awaited before the undoing begins.
        case settling
        case compensating
        case finished
        /// Ended by an operator; effects may be left.
        case aborted
    }

    /// What became of a step.
    package enum Progress: String, Sendable, Hashable, CaseIterable {
        case ahead
        case active
        case done
        case skipped
        /// Was refused, without effect.
        case failed
        /// May have had its effect, will be undone.
        case inDoubt
        case undoing
        case undone
    }

    package var id: Identifier
    /// The value that makes the instance unique within its definition's name.
    package var key: Value
    package var phase: Phase
    /// Whether the pivot's success was applied, or a retriable step begun: nothing is undone from then on.
    package var isForwardOnly: Bool
    /// Whether the timer of the whole saga runs.
    package var isDeadlineSet: Bool
    /// The flow element at work, as an index; beyond the last when all are done.
    package var stage: UInt8
    /// The index of the outcome reached.
    package var outcome: UInt8?
    /// One bit for each participant that is paused, by its index in the definition.
    package var pausedParticipants: UInt64
    /// The data record's slots in the order of the definition; nil is absent.
    package var data: [Value?]
    /// By step index; index 0 is the start.
    package var progress: [Progress]
    /// The steps to undo, in order of completion.
    package var trail: [UInt8]
    /// What is in flight: one entry for each branch at work.
    package var pending: [Pending]
    /// Awaited events that came before their step.
    package var early: [EarlyEvent]

    package init(id: Identifier = .none, key: Value = .null) {
        self.id = id
        self.key = key
        phase = .unstarted
        isForwardOnly = false
        isDeadlineSet = false
        stage = 0
        outcome = nil
        pausedParticipants = 0
        data = []
        progress = []
        trail = []
        pending = []
        early = []
    }

    /// An instance that has seen no input.
    package static let unstarted = Instance()

    package var isOver: Bool { phase == .finished || phase == .aborted }

    /// Whether any branch waits for a person.
    package var isStuck: Bool { pending.contains { $0.state.isStuck } }

    /// The paused participants that a step at work needs, in the order of their names.
    package func participantsWaitedFor(by definition: CompiledDefinition) -> [String] {
        let held = pending.filter(\.state.isHeld)
        return Set(held.compactMap { definition.steps[Int($0.step)].call($0.direction)?.participant }).sorted()
    }
}

/// A step at work: a request that is awaited, held or to be repeated, or an event that is awaited.
package struct Pending: Sendable, Hashable {
    package enum State: String, Sendable, Hashable, CaseIterable {
        /// The request is out (or its event awaited) and its timer runs.
        case asking
        /// A failure was received; the timer of the next try runs.
        case backingOff
        /// The participant is paused and the request was never sent.
        case heldUnsent
        /// The participant is paused, the request is out, the clock stands.
        case heldAsking
        /// The participant is paused, the pause before the next try stands.
        case heldBackingOff
        /// No reply after all attempts; a reply that still comes is taken.
        case stuckInSilence
        /// Refused after all attempts; nothing is out.
        case stuckRefused
        /// In doubt and without undo, or answered in a way that cannot be used; a reply that still comes is taken.
        case stuckInDoubt

        package var isStuck: Bool { self == .stuckInSilence || self == .stuckRefused || self == .stuckInDoubt }

        /// Whether it goes on once its participant is no longer paused.
        package var isHeld: Bool { self == .heldUnsent || self == .heldAsking || self == .heldBackingOff }

        /// Whether a reply to the request is taken.
        package var isOpen: Bool {
            switch self {
            case .asking, .heldAsking, .stuckInSilence, .stuckInDoubt: true
            case .backingOff, .heldUnsent, .heldBackingOff, .stuckRefused: false
            }
        }
    }

    package var step: UInt8
    package var direction: Direction
    package var state: State
    package var attempt: UInt16
    /// How many sends this series has had, re-sends included.
    package var spent: UInt16
    package var request: Identifier
    /// When the running timer fires, in milliseconds since 1970; while the clock stands, how many are left; nil without
    /// a timer.
    package var dueMilliseconds: Int64?

    /// The undo of the start is its own `do`: the participant was never asked before, so there is nothing to fence.
    package var isCompensation: Bool { direction == .undo || step == 0 }
}

/// An awaited event that came before its step.
package struct EarlyEvent: Sendable, Hashable {
    package var step: UInt8
    package var event: Event

    package init(step: UInt8, event: Event) {
        self.step = step
        self.event = event
    }
}
