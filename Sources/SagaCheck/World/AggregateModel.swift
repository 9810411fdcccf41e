package import SagaModel

/// An aggregate's state machine with its states as small numbers.
package struct AggregateModel: Sendable {
    package let name: AggregateName
    package let states: [String]
    package let initial: UInt8
    package let pending: Set<UInt8>
    package let moves: [Move]

    package struct Move: Sendable {
        package let name: String
        package let from: Set<UInt8>
        package let to: UInt8
        package let emits: String?
    }

    init(_ name: AggregateName, _ aggregate: Aggregate) {
        let index: (String) -> UInt8? = { state in aggregate.states.firstIndex(of: state).map { UInt8($0) } }
        self.name = name
        states = aggregate.states
        initial = index(aggregate.initial) ?? 0
        pending = Set(aggregate.pending.compactMap(index))
        moves = aggregate.moves.compactMap { move in
            index(move.to).map {
                Move(name: move.name, from: Set(move.from.compactMap(index)), to: $0, emits: move.emits)
            }
        }
    }

    /// The pending states as a bit set.
    var pendingBits: UInt64 { pending.reduce(0) { $0 | 1 << UInt64($1) } }

    /// What stands for the state left where none is remembered; without pending states a packed state has no room for it.
    var forgotten: UInt8 { pending.isEmpty ? 0 : initial }

    package func index(of state: String) -> UInt8? {
        states.firstIndex(of: state).map { UInt8($0) }
    }
}

/// The state of an aggregate, the one it left for a pending state, and which saga wrote it last.
package struct AggregateValue: Sendable, Hashable {
    package var state: UInt8
    package var remembered: UInt8
    /// 0 for nobody, else the saga's index plus one; only states that are not pending count as written.
    package var writer: UInt8

    package init(state: UInt8, remembered: UInt8 = 0, writer: UInt8 = 0) {
        self.state = state
        self.remembered = remembered
        self.writer = writer
    }
}

/// What a participant remembers of a step: whether its do has had its effect, or may not have it any more.
package enum Fence: UInt8, Sendable, Hashable, CaseIterable {
    case open
    case done
    case fenced
}
