package import SagaModel

/// What a participant does with a command, as its contract says.
package struct CommandModel: Sendable {
    package let participant: String
    package let name: String
    /// The aggregate's index in the world, nil where the command touches none.
    package let aggregate: Int?
    /// By state: what the command makes of it, nil where it refuses. Empty where it is allowed always.
    let transitions: [TransitionModel?]
    /// The successes it may answer where no transition names one: the usual one, and others that no transition names.
    let successes: [String]
    /// Failures that it may answer for reasons of its own.
    let failures: [String]
    /// Those of them after which nobody knows whether there was an effect.
    let unclear: Set<String>
    /// The failure it answers when the state does not allow it.
    let refusal: String
    let isUndo: Bool

    struct TransitionModel: Sendable {
        let target: Target
        /// The successes it may be answered with.
        let replies: [String]

        enum Target: Sendable {
            case state(UInt8)
            case remembered
            case unchanged
        }
    }

    init(_ contract: CommandContract, of participant: String, aggregate: Int?, model: AggregateModel?) {
        self.participant = participant
        self.aggregate = aggregate
        name = contract.name
        let named = Set(contract.transitions.compactMap(\.reply))
        let successes = contract.successes.map(\.name)
        let unnamed = successes.prefix(1) + successes.dropFirst().filter { !named.contains($0) }
        self.successes = Array(unnamed)
        let names = contract.failures.map(\.name)
        refusal = contract.refusal ?? names.first ?? Reply.fenced
        failures = names.filter { $0 != contract.refusal }
        unclear = Set(contract.failures.filter { $0.certainty == .unclear }.map(\.name))
        isUndo = contract.undoes != nil
        guard let model, !contract.transitions.isEmpty else {
            transitions = []
            return
        }
        transitions = model.states.map { state in
            guard let transition = contract.transitions.first(where: { $0.from.contains(state) }) else { return nil }
            let target: TransitionModel.Target? =
                switch transition.to {
                case .state(let name): model.index(of: name).map { .state($0) }
                case .remembered: .remembered
                case .unchanged: .unchanged
                }
            return target.map {
                TransitionModel(target: $0, replies: transition.reply.map { [$0] } ?? Array(unnamed))
            }
        }
    }

    /// The states it leaves and enters, as a bit set.
    var touchedStates: UInt64 {
        var states: UInt64 = 0
        for (state, transition) in transitions.enumerated() {
            guard let transition else { continue }
            states |= 1 << UInt64(state)
            if case .state(let target) = transition.target { states |= 1 << UInt64(target) }
        }
        return states
    }

    /// Whether carrying it out can leave a trace.
    package var changesState: Bool {
        transitions.contains { transition in
            if case .unchanged? = transition?.target { false } else { transition != nil }
        }
    }
}

/// A reply as the search tells replies apart: by name, and by the values that a guard will look at.
package struct ReplyVariant: Sendable, Hashable {
    package let name: String
    package let payload: Record
    package let isSuccess: Bool
}

/// A step's command in one direction, with every answer it can get.
package struct CallModel: Sendable {
    package let command: Int
    package let variants: [ReplyVariant]
    /// The failures that the author says are to be tried again, and so are over some time; such failures have a bound.
    let passing: Set<String>

    var fencedVariant: Int { variants.count - 1 }

    /// The variants of a reply's name.
    func variants(named name: String) -> [Int] {
        variants.indices.filter { variants[$0].name == name }
    }
}

/// One way a participant may handle a command.
package struct HandlerOutcome: Sendable, Hashable {
    /// The aggregate afterwards, nil where the command touches none.
    package var value: AggregateValue?
    package var fence: Fence
    /// The index of the answer among the call's variants.
    package var variant: Int
    /// Whether it is a failure for the participant's own reasons of a command that is repeated until it succeeds.
    package var isBoundedFailure: Bool
}
